"""What was heard of an answer, by what its listener's player played: rule 7 of the oracle."""

from tests.realtime.audit.books import Row
from tests.realtime.audit.facts import Answer, Stop

REACTION_MS = 300


def is_told_truly(row: Row, answer: Answer, stop: Stop | None) -> bool:
    """Whether a row that has an answer's words has its status and divides them as they were heard."""
    if not answer.is_spoken:
        return _is_told_as_written(row, answer)
    return (row.status, len(row.text.split())) in set(_outcomes(answer, stop)) and _is_whole(row, answer)


def _is_whole(row: Row, answer: Answer) -> bool:
    """What was heard is the beginning, and nothing of a final answer is unheard."""
    heard = row.text.split()
    return heard == answer.words[: len(heard)] and (row.status == "interrupted" or not row.unheard_text)


def _is_told_as_written(row: Row, answer: Answer) -> bool:
    """What is read was read as soon as it was there."""
    return row.status == ("final" if answer.is_complete else "interrupted") and not row.unheard_text


def _outcomes(answer: Answer, stop: Stop | None) -> list[tuple[str, int]]:
    """The status and the number of heard words that are true."""
    everything = len(answer.words)
    if not answer.received_bytes:
        # Its words came ahead of its sound, which never came: whether they were read, nobody knows.
        return [("interrupted", 0), ("final" if answer.is_complete else "interrupted", everything)]
    if stop is None and answer.was_stopped_at is not None:
        # Cancelled by a client that does not say what it played: whether it fell silent at once, nobody knows.
        return [("interrupted", count) for count in range(everything + 1)]
    if stop is None:
        return [("final" if answer.is_complete else "interrupted", everything)]
    whole = len(stop.words)
    if stop.is_uncertain:
        return [("interrupted", count) for count in range(everything + 1)] + _all_of_it(answer, everything)
    if answer.confirmed_words is not None:
        return [("interrupted", len(answer.confirmed_words)), *_all_of_it(answer, whole)]
    heard: tuple[int, ...]
    if stop.reported_at is not None:
        heard = (whole, whole + 1)
    elif answer.was_stopped_at is not None:
        # Cancelled before: we took the player to be silent from then on.
        heard = tuple(range(whole + 2))
    elif stop.by_voice and answer.is_complete:
        # An estimate, by a clock that saw the frames a moment earlier or later than the player.
        heard = (whole - 1, whole, whole + 1)
    else:
        # Nobody told us, or it had been written down when it broke off: then all that came counts as heard.
        heard = tuple(range(max(0, whole - 1), everything + 1))
    if stop.reported_at is None and (not stop.by_voice or _was_at_its_end(answer, stop)):
        whole = everything  # nobody could know that the player was stopped
    return [("interrupted", min(max(0, count), everything)) for count in heard] + _all_of_it(answer, whole)


def _all_of_it(answer: Answer, whole: int) -> list[tuple[str, int]]:
    """Who stops the player after the last word has heard the answer out."""
    return [("final", len(answer.words))] if answer.is_complete and whole >= len(answer.words) else []


def _was_at_its_end(answer: Answer, stop: Stop) -> bool:
    """Whether so little was left that it cannot be told from having been heard out: upstream hears late, too."""
    return answer.received_ms - stop.played_ms <= REACTION_MS
