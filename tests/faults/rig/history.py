"""What happened, as those saw it to whom it happened: the record that the checker judges."""

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the record."""

    at: float
    """Seconds since the record was begun."""
    who: str
    what: str
    details: dict[str, Any] = field(default_factory=dict)


class History:
    """Notes from any thread, in the order in which they were made."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def note(self, who: str, what: str, **details: Any) -> None:
        with self._lock:
            self.happenings.append(Happening(time.monotonic() - self._began, who, what, details))

    def of(self, what: str) -> list[Happening]:
        """Every happening of one kind."""
        return [each for each in self.happenings if each.what == what]

    def write(self, path: Path) -> None:
        """One JSON object a line, for whoever has to find out."""
        lines = (json.dumps(asdict(each), ensure_ascii=False) for each in self.happenings)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
