"""What scenes print, and in which form."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.relay.tables import markdown, plain


@dataclass(frozen=True, slots=True)
class Report:
    """Where what was found is told."""

    is_markdown: bool = False

    def title(self, words: str) -> None:
        print(f"\n### {words}\n" if self.is_markdown else f"\n{words}", flush=True)

    def table(self, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        print((markdown if self.is_markdown else plain)(head, lines), flush=True)

    def line(self, words: str) -> None:
        """A line of another program's."""
        print(f"- {words}" if self.is_markdown else f"  {words}", flush=True)

    def say(self, words: str) -> None:
        print(words, flush=True)
