"""Replay: what a further upstream is told so that nothing that was said is lost, and nobody has to say it again."""

from dataclasses import dataclass

from realtime.protocol.entries import Entry
from realtime.protocol.responses import ResponseGate
from realtime.protocol.retention import Retention, Stretch
from realtime.protocol.transcript import TranscriptLog


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be said again. Everything else of the session is in the instructions."""

    heard_again: tuple[Entry, ...] = ()
    """Spoken turns whose words never came and whose audio is there."""
    sent_again: tuple[Entry, ...] = ()
    """Turns in words whose answer was asked for and of which nothing came."""
    asks: bool = False
    """An answer is to be asked for that no client asked for: the one which voice detection owed."""

    def steps(self, log: TranscriptLog, kept: Retention) -> list[tuple[Entry | None, Stretch | None]]:
        """In spoken order: words to send, sound to say, or sound and the turn that it is."""
        steps: list[tuple[Entry | None, Stretch | None]] = []
        for entry in log.unanswered():
            if entry in self.sent_again:
                steps.append((entry, None))
            elif entry in self.heard_again:
                steps.extend((entry, each) for each in kept.stretches if each.item_id == entry.item_id)
        # What upstream had not made an item of yet came last.
        typed = [(entry.at, (entry, None)) for entry in log.unannounced()]
        unnamed = [(each.at, (None, each)) for each in kept.stretches if not each.item_id]
        return steps + [step for _, step in sorted([*typed, *unnamed], key=lambda timed: timed[0])]


def after_a_loss(log: TranscriptLog, gate: ResponseGate, kept: Retention, now: float) -> Replay:
    """Upstream is gone: settle what it owes, and say what the next one has to do over."""
    voice_is_owed = gate.upstream_left()
    is_owed = voice_is_owed or not gate.is_quiet
    unanswered = log.unanswered()
    # Whose words were given up, because an upstream that had begun to answer fell silent, is heard again as well.
    wordless = ("open", "failed") if is_owed else ("open",)
    heard_again = [
        entry
        for entry in unanswered
        if entry.modality == "audio" and entry.status in wordless and kept.holds(entry.item_id)
    ]
    log.upstream_left(heard_again, now)
    sent_again = [entry for entry in unanswered if is_owed and entry.status == "final" and entry.words]
    return Replay(
        tuple(heard_again),
        tuple(entry for entry in sent_again if not entry.is_deleted),
        asks=voice_is_owed and bool(sent_again) and not heard_again,
    )
