"""What the nginx of docs/deployment does with requests, by servers behind it that do as they are told."""

import http.client
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.nginx_front import Front, nginx_front

Answer = Callable[["Worker", str], int | None]
"""What a worker does with a request: the status it answers, or None to hang up without one."""


class Worker:
    """A server that notes what reaches it and answers as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.answer: Answer = lambda worker, path: 200
        worker = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet, or each answer waits for the other side's slow acknowledgement.
            wbufsize = -1

            def do_GET(self) -> None:
                worker.take(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                worker.take(self)

            def log_message(self, *_: object) -> None:
                """Nothing: the tests read nginx's log."""

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        self.seen.append((request.command, request.path, dict(request.headers.items())))
        status = self.answer(self, request.path)
        if status is None:
            request.close_connection = True
            return
        words = f"{self.name}\n".encode()
        request.send_response(status)
        if status == HTTPStatus.SWITCHING_PROTOCOLS:
            request.send_header("Upgrade", "websocket")
            request.send_header("Connection", "Upgrade")
            request.close_connection = True
        else:
            request.send_header("Content-Length", str(len(words)))
        request.end_headers()
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            request.wfile.write(words)


@contextmanager
def _running(worker: Worker) -> Iterator[Worker]:
    thread = threading.Thread(target=worker.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield worker
    finally:
        worker.server.shutdown()
        worker.server.server_close()
        thread.join()


class Site:
    """nginx and the two behind it."""

    def __init__(self, front: Front, workers: list[Worker]) -> None:
        self.front = front
        self.workers = workers

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and words of an answer."""
        line = http.client.HTTPSConnection("127.0.0.1", self.front.port, timeout=10, context=self.front.tls)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            line.request(method, path, body, named)
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            words = "" if answer.status == HTTPStatus.SWITCHING_PROTOCOLS else answer.read().decode()
            return answer.status, told, words
        finally:
            line.close()

    def shake_hands(self) -> int:
        """The answer to a WebSocket handshake."""
        return self.ask("GET", "/v1/realtime?model=any", Upgrade="websocket", Connection="Upgrade")[0]

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Method and path of all requests that reached any of the two."""
        return [(method, path) for worker in self.workers for method, path, _ in worker.seen]

    @property
    def headers(self) -> dict[str, str]:
        """Those of the only request."""
        (found,) = [headers for worker in self.workers for _, _, headers in worker.seen]
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        workers = [stack.enter_context(_running(Worker(name))) for name in ("first", "second")]
        front = stack.enter_context(nginx_front(tmp_path, [worker.port for worker in workers]))
        yield Site(front, workers)


def once(status: int | None) -> Answer:
    """Whichever worker is asked first does this; everything after it is answered well."""
    asked: list[Worker] = []

    def answer(worker: Worker, path: str) -> int | None:
        asked.append(worker)
        return status if len(asked) == 1 else 200

    return answer


def tell(site: Site, answer: Answer) -> None:
    for worker in site.workers:
        worker.answer = answer


def test_a_handshake_that_one_worker_has_no_place_for_reaches_the_other(site: Site) -> None:
    asked: list[str] = []

    def answer(worker: Worker, path: str) -> int:
        asked.append(worker.name)
        return 503 if len(asked) == 1 else 101

    tell(site, answer)
    assert site.shake_hands() == 101
    assert sorted(asked) == ["first", "second"]
    for _, path, headers in (each for worker in site.workers for each in worker.seen):
        assert path == "/v1/realtime?model=any"
        assert headers["Upgrade"] == "websocket"
        assert headers["Connection"] == "upgrade"


def test_no_place_anywhere_is_told(site: Site) -> None:
    tell(site, lambda worker, path: 503)
    assert site.shake_hands() == 503


def test_what_the_site_itself_says_of_a_database_that_is_away_is_passed_on(site: Site) -> None:
    tell(site, lambda worker, path: 503)
    for _ in range(5):
        status, _, words = site.ask("GET", "/chat")
        assert (status, words) in {(503, "first\n"), (503, "second\n")}
    assert len(site.seen) == 5, "asked once each"


def test_a_page_is_asked_for_again_when_a_worker_dies_over_it(site: Site) -> None:
    tell(site, once(None))
    assert site.ask("GET", "/chat")[0] == 200
    assert site.seen == [("GET", "/chat")] * 2


def test_an_order_that_may_have_been_carried_out_is_not_given_twice(site: Site) -> None:
    tell(site, once(None))
    status, headers, words = site.ask("POST", "/api/voice/realtime-session", b"{}")
    assert (status, headers["content-type"]) == (502, "text/plain; charset=utf-8")
    assert "VoiceAssist does not answer just now." in words
    assert site.seen == [("POST", "/api/voice/realtime-session")]


def test_an_order_to_a_worker_that_is_not_there_goes_to_the_other(site: Site) -> None:
    gone, there = site.workers
    gone.server.shutdown()
    gone.server.server_close()
    for number in range(4):
        assert site.ask("POST", f"/api/{number}", b"{}")[0] == 200
    assert [path for _, path, _ in there.seen] == [f"/api/{number}" for number in range(4)]


def test_a_file_that_one_worker_does_not_know_yet_comes_from_the_other(site: Site) -> None:
    site.workers[0].answer = lambda worker, path: 404
    answers = {site.ask("GET", f"/static/js/new.{number}.js")[0] for number in range(4)}
    assert answers == {200}
    tell(site, lambda worker, path: 404)
    assert site.ask("GET", "/static/js/nowhere.js")[0] == 404
    assert site.ask("GET", "/nowhere")[0] == 404


def test_who_asks_is_said_by_nginx_and_not_by_who_asks(site: Site) -> None:
    site.ask("GET", "/chat", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="http")
    assert site.headers["X-Forwarded-For"] == "127.0.0.1"
    assert site.headers["X-Forwarded-Proto"] == "https"
    assert site.headers["Host"] == "127.0.0.1"
    assert "Upgrade" not in site.headers


def test_a_worker_s_counts_are_not_for_visitors(site: Site) -> None:
    assert site.ask("GET", "/metrics")[0] == 404
    assert site.seen == []


def test_a_body_that_is_too_large_goes_no_further(site: Site) -> None:
    assert site.ask("POST", "/api/token/", b"x" * (3 * 1024 * 1024 + 1))[0] == 413
    assert site.seen == []


def test_a_flood_of_requests_is_slowed_down_and_told_so(site: Site) -> None:
    line = http.client.HTTPSConnection("127.0.0.1", site.front.port, timeout=10, context=site.front.tls)
    answers = []
    for _ in range(1500):
        line.request("GET", "/chat")
        answer = line.getresponse()
        answer.read()
        answers.append(answer.status)
        if answer.status == 429:
            break
    line.close()
    assert answers[-1] == 429, "1,500 requests on end and none was refused"
    assert len(answers) > 400, "a page with all its parts has to fit"


def test_without_tls_one_is_sent_to_where_there_is(site: Site) -> None:
    line = http.client.HTTPConnection("127.0.0.1", site.front.plain_port, timeout=10)
    line.request("GET", "/chat?new", headers={"Host": "somebody.else"})
    answer = line.getresponse()
    line.close()
    assert (answer.status, answer.headers["Location"]) == (301, "https://127.0.0.1/chat?new")
    assert site.seen == []


def test_a_certificate_can_be_renewed_while_it_runs(site: Site) -> None:
    asked = site.front.folder / "html" / ".well-known" / "acme-challenge" / "token"
    asked.parent.mkdir(parents=True)
    asked.write_text("answer", encoding="utf-8")
    line = http.client.HTTPConnection("127.0.0.1", site.front.plain_port, timeout=10)
    line.request("GET", "/.well-known/acme-challenge/token")
    answer = line.getresponse()
    assert (answer.status, answer.read()) == (200, b"answer")
    line.close()
    assert site.seen == []


def test_no_query_is_written_down(site: Site) -> None:
    site.ask("GET", "/chat?q=canary-in-the-query", Referer="https://127.0.0.1/?canary-in-the-referer")
    line = site.front.next_line()
    assert "GET /chat" in line
    assert "canary" not in line
