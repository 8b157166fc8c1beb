"""WebDriver BiDi, as much of it as the tests need: commands over a socket, and the complaints of a page's console."""

import json
from typing import Any

from websockets.sync.client import ClientConnection

from tests.support.browser_window import BrowserWindow

_KEYS = {"\n": "\ue007"}
_ANSWER_SECONDS = 40


class BidiConnection:
    """A session with a browser. `complaints` collects errors of every page's console."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.complaints: list[str] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command. Raises AssertionError with the browser's words when it refuses."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=_ANSWER_SECONDS))
            if message.get("id") == self._sent:
                assert message["type"] == "success", (
                    f"{method}: {message.get('error')}: {message.get('message')}"
                )
                answer: dict[str, Any] = message["result"]
                return answer
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "log.entryAdded" and event["params"]["level"] == "error":
            self.complaints.append(str(event["params"]["text"]))


class BidiWindow(BrowserWindow):
    """The first window of a browser that is steered by BiDi."""

    def __init__(self, connection: BidiConnection) -> None:
        super().__init__()
        self._connection = connection
        self.complaints = connection.complaints
        self._context = str(connection.call("browsingContext.getTree")["contexts"][0]["context"])

    def goto(self, url: str) -> None:
        self._connection.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def reload(self) -> None:
        self._connection.call("browsingContext.reload", context=self._context, wait="complete")

    def click(self, selector: str) -> None:
        element = {"type": "element", "element": {"sharedId": self._find(selector)}}
        press = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "mouse", "actions": press})

    def write(self, selector: str, text: str) -> None:
        self.click(selector)
        keys = []
        for letter in text:
            key = _KEYS.get(letter, letter)
            keys += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._perform({"type": "key", "id": "keyboard", "actions": keys})

    def _perform(self, source: dict[str, Any]) -> None:
        self._connection.call("input.performActions", context=self._context, actions=[source])

    def _find(self, selector: str) -> str:
        found = self._connection.call(
            "browsingContext.locateNodes", context=self._context, locator={"type": "css", "value": selector}
        )["nodes"]
        assert found, f"there is no {selector} in the page"
        return str(found[0]["sharedId"])

    def _ask(self, expression: str) -> str:
        answer = self._connection.call(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return str(answer["result"]["value"])
