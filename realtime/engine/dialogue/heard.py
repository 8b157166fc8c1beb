"""What was heard of a spoken answer: the audio sent for it, and where in it each word ends."""

from dataclasses import dataclass, field

from realtime.engine.speech.vocabulary import SAMPLE_RATE, WordTime

BYTES_PER_MS = SAMPLE_RATE * 2 // 1000


@dataclass(slots=True)
class _Clause:
    start_ms: int
    text: str
    words: tuple[WordTime, ...]


@dataclass(slots=True)
class SpokenAudio:
    """The audio of one answer, in the order in which it was sent."""

    _bytes: int = 0
    _clauses: list[_Clause] = field(default_factory=list)
    _cut_ms: int | None = None

    @property
    def duration_ms(self) -> int:
        """Milliseconds that were sent, or that are left after a truncation."""
        sent = self._bytes // BYTES_PER_MS
        return sent if self._cut_ms is None else min(sent, self._cut_ms)

    @property
    def is_cut(self) -> bool:
        return self._cut_ms is not None

    def add(self, pcm: bytes, text: str, words: tuple[WordTime, ...]) -> None:
        """Another stretch of audio; the first of a clause brings the clause's text and word times."""
        if text:
            self._clauses.append(_Clause(self._bytes // BYTES_PER_MS, text, words))
        self._bytes += len(pcm)

    def cut(self, audio_end_ms: int) -> str:
        """Keep only the audio before `audio_end_ms` and give the words that were heard in it."""
        self._cut_ms = audio_end_ms
        return self.heard_until(audio_end_ms)

    def heard_until(self, audio_end_ms: int) -> str:
        """The words whose sound had ended by `audio_end_ms`."""
        heard: list[str] = []
        ends = [clause.start_ms for clause in self._clauses[1:]] + [self._bytes // BYTES_PER_MS]
        for clause, end_ms in zip(self._clauses, ends, strict=True):
            words = clause.words or _evenly_spread(clause.text, end_ms - clause.start_ms)
            heard += (word.text for word in words if clause.start_ms + word.end_ms <= audio_end_ms)
            # A clause does not always end in a blank, and the next one does not begin with one.
            heard.append(" ")
        return " ".join("".join(heard).split())


def _evenly_spread(text: str, duration_ms: int) -> tuple[WordTime, ...]:
    """Word times by letter count, for a synthesiser that gave none."""
    reached = 0
    times = []
    for word in text.split():
        reached += len(word) + 1
        times.append(WordTime(f"{word} ", duration_ms * reached // (len(text.strip()) + 1)))
    return tuple(times)
