"""A connection over WebSocket: frames both ways, and every way in which it can fail, in our own words."""

import asyncio
import json
import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.util import find_spec

import pytest

from realtime.errors import (
    UpstreamClosed,
    UpstreamError,
    UpstreamRefused,
    UpstreamSilent,
    UpstreamUnreachable,
)
from realtime.providers.websocket import USER_AGENT, open_websocket
from realtime.telemetry import Event, Span, Tally
from tests.realtime.providers.conftest import BRISK, CANARY
from tests.support.heard import Heard
from tests.support.scripted_steps import (
    AnswerHandshake,
    Close,
    Drop,
    Emit,
    Expect,
    Hang,
    Script,
    StallHandshake,
    Step,
)
from tests.support.scripted_upstream import ScriptedUpstream

CREATE = json.dumps({"type": "response.create"})
HELLO = {"type": "session.created", "event_id": "event_1"}
KEY = {"Authorization": f"Bearer {CANARY}"}


async def refused(*steps: Step, url_path: str = "") -> UpstreamError:
    """How opening fails when the upstream plays these steps."""
    with ScriptedUpstream(steps) as upstream, pytest.raises(UpstreamError) as raised:
        await open_websocket(upstream.url + url_path, headers=KEY, patience=BRISK, telemetry=Tally())
    assert CANARY not in f"{raised.value!r} {raised.value} {raised.value.__cause__!r}"
    assert raised.value.__cause__ is None
    return raised.value


async def ended(*steps: Step) -> UpstreamClosed:
    """How receiving fails when the upstream plays these steps."""
    with ScriptedUpstream(steps) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, patience=BRISK))
        with pytest.raises(UpstreamClosed) as raised:
            await connection.receive()
        await connection.close()
    return raised.value


# --- frames -------------------------------------------------------------------------------------------------------


async def test_frames_go_both_ways_as_they_are() -> None:
    tally = Tally()
    with ScriptedUpstream([Expect("response.create"), Emit(HELLO)]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, telemetry=tally))
        await connection.send(CREATE)
        assert json.loads(await connection.receive()) == HELLO
        await connection.close()
    assert tally.counted(Event.UPSTREAM_OPENED) == 1
    assert tally.timed(Span.UPSTREAM_OPENING).times == 1


async def test_we_say_who_we_are_and_ask_for_no_compression() -> None:
    with ScriptedUpstream([]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={"X-One": "1"}))
        await connection.close()
    (handshake,) = upstream.handshakes
    assert handshake.headers["User-Agent"] == USER_AGENT
    assert USER_AGENT.startswith("VoiceAssist/")
    assert handshake.headers["X-One"] == "1"
    assert "Sec-WebSocket-Extensions" not in handshake.headers


async def test_a_binary_frame_is_left_aside_and_counted() -> None:
    tally = Tally()
    with ScriptedUpstream([Emit(b"\x00\x01", HELLO)]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, telemetry=tally))
        assert json.loads(await connection.receive()) == HELLO
        await connection.close()
    assert tally.counted(Event.UPSTREAM_BINARY_FRAME) == 1


async def test_a_frame_that_is_no_json_is_handed_over_for_others_to_judge() -> None:
    with ScriptedUpstream([Emit("{nonsense")]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}))
        assert await connection.receive() == "{nonsense"
        await connection.close()


async def test_a_frame_of_the_largest_size_comes_through_and_a_larger_one_ends_the_connection() -> None:
    largest = "x" * (16 * 1024 * 1024)
    with ScriptedUpstream([Emit(largest, largest + "x")], strict=False) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}))
        assert len(await connection.receive()) == len(largest)
        with pytest.raises(UpstreamClosed) as closed:
            await connection.receive()
        await connection.close()
    assert closed.value.closed_with == 1009


async def test_sending_waits_while_the_upstream_does_not_read_and_ends_when_it_is_given_up() -> None:
    with ScriptedUpstream([Expect("response.create"), Hang()]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, patience=BRISK))
        await connection.send(CREATE)
        await upstream.until(lambda: upstream.received("response.create"))
        audio = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA" * 250_000})
        sent = 0
        with pytest.raises(UpstreamClosed) as closed:
            async with asyncio.timeout(5):
                while True:
                    await connection.send(audio)
                    sent += 1
        assert sent < 50, "a peer that reads nothing was sent 50 MB"
        assert closed.value.closed_with in {1006, 1011}
        await connection.close()


# --- the end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_clean_close_is_an_end_like_any_other(code: int) -> None:
    closed = await ended(Close(code, "bye"))
    assert (closed.closed_with, closed.reason) == (code, "bye")


async def test_a_close_of_the_upstreams_own_carries_its_code_and_reason() -> None:
    closed = await ended(Close(3000, "invalid_request_error.invalid_api_key"))
    assert (closed.closed_with, closed.reason) == (3000, "invalid_request_error.invalid_api_key")
    assert "invalid_api_key" not in str(closed)


async def test_a_lost_connection_ends_with_1006() -> None:
    assert (await ended(Drop())).closed_with == 1006


async def test_what_was_said_before_the_close_is_still_heard() -> None:
    with ScriptedUpstream([Emit(HELLO, HELLO), Close(1001)]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}))
        await upstream.until(lambda: upstream.is_played)
        assert [json.loads(await connection.receive()) for _ in range(2)] == [HELLO, HELLO]
        with pytest.raises(UpstreamClosed):
            await connection.receive()
        with pytest.raises(UpstreamClosed):
            await connection.send(CREATE)
        await connection.close()


async def test_an_upstream_that_answers_no_ping_is_given_up() -> None:
    with ScriptedUpstream([Hang()]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, patience=BRISK))
        with pytest.raises(UpstreamClosed) as closed:
            async with asyncio.timeout(5):
                await connection.receive()
        assert closed.value.closed_with == 1011


async def test_closing_twice_is_closing_once() -> None:
    with ScriptedUpstream([]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}))
        await connection.close()
        await connection.close()
        with pytest.raises(UpstreamClosed) as closed:
            await connection.receive()
    assert closed.value.closed_with == 1000


async def test_closing_does_not_wait_long_for_an_upstream_that_hangs() -> None:
    with ScriptedUpstream([Hang()]) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, patience=BRISK))
        async with asyncio.timeout(2):
            await connection.close()


async def test_closing_lets_go_though_nobody_reads_what_came() -> None:
    flood = json.dumps({"type": "response.output_audio.delta", "delta": "A" * 100_000})
    with ScriptedUpstream([Emit(*[flood] * 200)], strict=False) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers={}, patience=BRISK))
        await connection.receive()
        async with asyncio.timeout(5):
            await connection.close()


# --- no connection at all -----------------------------------------------------------------------------------------


async def test_nobody_listening_is_told_as_unreachable(free_port: int) -> None:
    tally = Tally()
    with pytest.raises(UpstreamUnreachable) as raised:
        await open_websocket(f"ws://127.0.0.1:{free_port}/v1/realtime", headers=KEY, telemetry=tally)
    assert raised.value.retryable
    assert raised.value.detail == UpstreamUnreachable.detail
    assert tally.counted(Event.UPSTREAM_UNREACHABLE) == 1


async def test_a_name_that_does_not_exist_is_told_as_unreachable() -> None:
    with pytest.raises(UpstreamUnreachable):
        await open_websocket("ws://nowhere.invalid/v1/realtime", headers=KEY, patience=BRISK)


async def test_a_handshake_that_is_never_answered_is_told_when_patience_ends() -> None:
    before = asyncio.all_tasks()
    async with asyncio.timeout(BRISK.opening + 1):
        error = await refused(StallHandshake())
    assert isinstance(error, UpstreamSilent)
    assert (error.end_reason, error.close_code, error.retryable) == ("provider_silent", 4504, True)
    assert "did not answer in time" in error.detail
    assert asyncio.all_tasks() == before


async def test_something_that_speaks_no_websocket_is_told_with_what_to_check() -> None:
    async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        writer.close()

    server = await asyncio.start_server(gibberish, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UpstreamUnreachable, match="REALTIME_BASE_URL"):
            await open_websocket(f"ws://127.0.0.1:{port}/", headers=KEY, patience=BRISK)


async def test_an_address_that_is_none_is_told_with_what_to_check() -> None:
    with pytest.raises(UpstreamUnreachable, match="REALTIME_BASE_URL"):
        await open_websocket("ftp://example.org/", headers=KEY)


# --- an answer instead of the upgrade -----------------------------------------------------------------------------

QUOTA = b'{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'


@pytest.mark.parametrize(
    ("status", "body", "code", "end_reason", "retryable"),
    [
        (401, b"", "provider_auth", "provider_auth", False),
        (403, b"", "provider_auth", "provider_auth", False),
        (402, b"", "provider_quota", "provider_quota", False),
        (404, b"", "provider_failed", "provider_failed", False),
        (400, b"not json", "provider_failed", "provider_failed", False),
        (400, b'{"error": {"code": "invalid_api_key"}}', "provider_auth", "provider_auth", False),
        (429, b"", "provider_rate_limited", "provider_failed", True),
        (429, QUOTA, "provider_quota", "provider_quota", False),
        (500, b"[]", "provider_lost", "provider_failed", True),
        (503, b'{"error": "overloaded"}', "provider_lost", "provider_failed", True),
    ],
)
async def test_a_refused_handshake_is_told_in_our_words(
    status: int, body: bytes, code: str, end_reason: str, retryable: bool
) -> None:
    error = await refused(AnswerHandshake(status, body=body))
    assert isinstance(error, UpstreamRefused)
    assert (error.code, error.end_reason, error.retryable) == (code, end_reason, retryable)
    assert "quota" not in error.detail


async def test_a_refused_handshake_keeps_the_upstreams_word_for_the_log_and_no_sentence_of_its() -> None:
    body = json.dumps({"error": {"code": "invalid_api_key", "message": f"Incorrect API key: {CANARY}"}})
    error = await refused(AnswerHandshake(401, body=body.encode()))
    assert isinstance(error, UpstreamRefused)
    assert error.upstream_code == "invalid_api_key"


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("0", 1), ("999999", 3600), ("soon", None), ("", None), ("²", None)],
)
async def test_the_time_to_wait_is_handed_on(retry_after: str, seconds: int | None) -> None:
    error = await refused(AnswerHandshake(429, headers={"Retry-After": retry_after}))
    assert error.retry_after == seconds


async def test_the_time_to_wait_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    error = await refused(AnswerHandshake(503, headers={"Retry-After": later}))
    assert error.retry_after is not None
    assert 80 <= error.retry_after <= 90


async def test_a_redirect_is_not_followed_lest_it_take_the_key_along() -> None:
    with ScriptedUpstream([]) as elsewhere:
        error = await refused(AnswerHandshake(307, headers={"Location": elsewhere.url}))
        assert isinstance(error, UpstreamRefused)
        assert elsewhere.handshakes == []
        connection = Heard(await open_websocket(elsewhere.url, headers={}))
        await connection.close()


# --- discretion ---------------------------------------------------------------------------------------------------


async def test_not_even_the_debug_log_holds_the_key_or_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script: Script = [Emit({"type": "response.output_text.delta", "delta": "whispered"})]
    with ScriptedUpstream(script) as upstream:
        connection = Heard(await open_websocket(upstream.url, headers=KEY))
        await connection.receive()
        await connection.close()
    written = [
        record.getMessage() for record in caplog.records if not record.name.startswith("websockets.server")
    ]
    assert CANARY not in " ".join(written)
    assert "whispered" not in " ".join(written)


# --- proxies ------------------------------------------------------------------------------------------------------


async def test_a_proxy_of_the_environment_is_used_for_other_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set_result(await reader.readline())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UpstreamUnreachable, match="HTTPS_PROXY"):
            await open_websocket("wss://api.example.org/v1/realtime", headers=KEY, patience=BRISK)
        assert await asked == b"CONNECT api.example.org:443 HTTP/1.1\r\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_no_proxy_stands_between_us_and_our_own_machine(
    host: str, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{free_port}")
    with ScriptedUpstream([Emit(HELLO)]) as upstream:
        connection = Heard(await open_websocket(upstream.url.replace("127.0.0.1", host), headers={}))
        assert json.loads(await connection.receive()) == HELLO
        await connection.close()


async def test_a_socks_proxy_that_cannot_be_spoken_to_is_told(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("https_proxy", f"socks5h://127.0.0.1:{free_port}")
    with pytest.raises(UpstreamUnreachable) as raised:
        await open_websocket("wss://api.example.org/v1/realtime", headers=KEY, patience=BRISK)
    # With the package there is nobody at that proxy; without it we cannot even ask.
    assert ("SOCKS" in raised.value.detail) == (find_spec("python_socks") is None)


async def test_an_opening_that_is_called_off_leaves_no_connection_behind() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        opening = asyncio.create_task(open_websocket(url, headers={}))
        accepted, _ = await asyncio.to_thread(listener.accept)
        with accepted:
            accepted.settimeout(2)
            request = await asyncio.to_thread(accepted.recv, 65536)
            assert request.startswith(b"GET / HTTP/1.1")
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            assert await asyncio.to_thread(accepted.recv, 65536) == b"", "the connection is still open"
