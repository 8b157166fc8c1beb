"""One window of whatever browser: how tests go somewhere, click, type and ask the page, by any remote control."""

import json
from abc import ABC, abstractmethod
from typing import Any

PATIENCE = 20
"""Seconds until what is waited for has to be so."""

_UNTIL = """new Promise((resolve, reject) => {
    const began = Date.now();
    const look = () => {
        const found = (() => { try { return %(expression)s; } catch (error) { return null; } })();
        if (found) { resolve(true); }
        else if (Date.now() - began > %(milliseconds)d) { reject(new Error(%(complaint)s)); }
        else { setTimeout(look, 20); }
    };
    look();
})"""


class BrowserWindow(ABC):
    """A window. `complaints` are the errors of its console, where the browser's remote control tells of them."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    @abstractmethod
    def goto(self, url: str) -> None:
        """Open a page and wait until it is loaded."""

    @abstractmethod
    def reload(self) -> None:
        """Load the page again and wait until it is loaded."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Press the mouse on the first element; for the page this is a person's gesture."""

    @abstractmethod
    def write(self, selector: str, text: str) -> None:
        """Type into a field as a keyboard would; "\\n" is Enter."""

    @abstractmethod
    def _ask(self, expression: str) -> str:
        """The text that an expression comes to, a promise awaited. Raises AssertionError with the page's own error."""

    def evaluate(self, expression: str) -> Any:
        """What an expression, or its promise, comes to."""
        return json.loads(self._ask(f"Promise.resolve({expression}).then((it) => JSON.stringify([it]))"))[0]

    def wait_for(self, expression: str, seconds: float = PATIENCE) -> None:
        """Wait until an expression is true in the page."""
        complaint = json.dumps(f"not within {seconds:g} s: {expression}")
        self.evaluate(
            _UNTIL % {"expression": expression, "milliseconds": round(seconds * 1000), "complaint": complaint}
        )
