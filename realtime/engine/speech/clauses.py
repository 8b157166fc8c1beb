"""Clauses: text cut where a speaker would breathe, early enough to begin speaking before the answer is complete."""

import re

FIRST_LIMIT = 60
"""Characters after which the first clause of an answer is cut at a blank: somebody waits for it."""
LIMIT = 180
"""Characters after which any later clause is cut at a blank."""
UNBROKEN_LIMIT = 400
"""Characters after which even a word is cut."""
SHORTEST = 24
"""Characters below which a comma is no place to stop, except in the first clause."""

_SENTENCE_END = re.compile(r"(?:[.!?…]+[\"'”’)\]]*\s|[。！？]|\n)")
_PAUSE = re.compile(r"[,;:—–][\"'”’)\]]*\s")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:dr|mr|mrs|ms|prof|st|vs|no|e\.g|i\.e|approx|[a-z])\.\s$", re.IGNORECASE
)
_WORD = re.compile(r"\w")


class ClauseSplitter:
    """Takes text as it arrives and gives it back in clauses. Joined, they are the text, character for character."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def feed(self, delta: str) -> list[str]:
        """Add `delta`; the clauses that are complete now."""
        self._text += delta
        clauses = []
        while end := self._clause_end():
            clauses.append(self._text[:end])
            self._text = self._text[end:]
            self._first = False
        return clauses

    def flush(self) -> list[str]:
        """The end of the text: what is left, if anything. Ready for another text afterwards."""
        rest, self._text, self._first = self._text, "", True
        return [rest] if rest else []

    def _clause_end(self) -> int:
        """Where the first clause of the text ends, 0 when it is not complete."""
        limit = FIRST_LIMIT if self._first else LIMIT
        shortest = 0 if self._first else SHORTEST
        ends = [self._find(_SENTENCE_END, 0), self._find(_PAUSE, shortest)]
        end = min((end for end in ends if end), default=0)
        if end and end <= limit:
            return end
        if len(self._text) > limit:
            return self._last_blank(limit)
        return 0

    def _find(self, mark: re.Pattern[str], shortest: int) -> int:
        for match in mark.finditer(self._text):
            clause = self._text[: match.end()]
            if match.end() >= shortest and _WORD.search(clause) and not _ABBREVIATION.search(clause):
                return match.end()
        return 0

    def _last_blank(self, limit: int) -> int:
        """The end of the last word within `limit`, else of the first word after it."""
        within = max(self._text.rfind(blank, 0, limit) for blank in " \t\n") + 1
        if _WORD.search(self._text[:within]):
            return within
        beyond = re.compile(r"\s").search(self._text, limit)
        if beyond and beyond.end() <= UNBROKEN_LIMIT:
            return beyond.end()
        return UNBROKEN_LIMIT if len(self._text) > UNBROKEN_LIMIT else 0
