"""`manage.py voiceassist_doctor`: it finds what is wrong, says what to do, tells no secret and never hangs."""

import logging
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.checks import Error
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from conversations.models import Conversation
from realtime.config import RealtimeConfig
from realtime.models import VoiceSession
from tests.support.manage_program import program
from tests.support.running_site import RunningSite
from tests.support.scripted_steps import AnswerHandshake
from tests.support.scripted_turns import greeting, wrong_key
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.sessions import opened
from voiceassist.management.commands import voiceassist_doctor
from voiceassist.management.doctor import configuration, engine, shared
from voiceassist.management.doctor.configuration import examine_address, examine_settings
from voiceassist.management.doctor.database import examine_database
from voiceassist.management.doctor.engine import examine_engine
from voiceassist.management.doctor.examination import examined
from voiceassist.management.doctor.finding import Finding, Part, ok, problem
from voiceassist.management.doctor.machine import examine_clock, examine_disk, examine_files
from voiceassist.management.doctor.shared import examine_cache, examine_layer
from voiceassist.management.doctor.upstream import examine_upstream

KEY = "sk-" + "proj-CanaryInTheCoalMine"


def _told(found: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.condition, f"{finding.told} {finding.advice}".strip()) for finding in found]


def _only(found: Iterator[Finding]) -> Finding:
    [finding] = found
    return finding


# --- the command ------------------------------------------------------------------------------------------------


def _run(monkeypatch: pytest.MonkeyPatch, *parts: Part) -> tuple[list[str], str]:
    """The lines it prints, and what it ends with."""
    monkeypatch.setattr(voiceassist_doctor, "PARTS", parts)
    said = StringIO()
    try:
        call_command("voiceassist_doctor", stdout=said)
    except CommandError as error:
        return said.getvalue().splitlines(), str(error)
    *lines, last = said.getvalue().splitlines()
    return lines, last


def _part(name: str, *found: Finding) -> Part:
    return Part(name, lambda: found, "Wait.")


def test_a_line_for_each_finding_in_order_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, last = _run(
        monkeypatch,
        _part("first", ok("Well."), Finding("warning", "So so.", "Look at it.")),
        _part("channel layer", problem("Broken.", "Mend it.")),
    )
    assert lines == [
        "ok       first          Well.",
        "warning  first          So so. Look at it.",
        "problem  channel layer  Broken. Mend it.",
    ]
    assert last == "One thing to put right."


def test_warnings_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, _part("x", Finding("warning", "So so.", "Look.")))[1] == "Nothing to put right."


def test_problems_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    two = _part("x", problem("A.", "B."), problem("C.", "D."))
    assert _run(monkeypatch, two)[1] == "2 things to put right."


def test_no_secret_is_told_and_a_finding_is_one_line(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-scrapers-word"
    settings.REALTIME = replace(settings.REALTIME, api_key="odd-key-of-somebody")
    secrets = ("a-scrapers-word", "odd-key-of-somebody", settings.SECRET_KEY, KEY, "postgres://a:CANARY@db/x")
    lines, _ = _run(monkeypatch, _part("x", problem("\n".join(secrets), "\x1b[2J")))
    assert len(lines) == 1
    assert lines[0].count("[hidden]") == len(secrets)
    for secret in (*secrets, "CANARY"):
        assert secret not in lines[0]


@pytest.mark.parametrize(("verbosity", "lines"), [(1, 0), (2, 1)])
def test_the_error_behind_a_sentence_is_shown_to_who_asks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, verbosity: int, lines: int
) -> None:
    def fails() -> Iterator[Finding]:
        logging.getLogger("somebody.else").error("a line that stands in the way")
        raise RuntimeError("the whole error")
        yield

    monkeypatch.setattr(voiceassist_doctor, "PARTS", (Part("x", fails, "Look."),))
    with pytest.raises(CommandError):
        call_command("voiceassist_doctor", stdout=StringIO(), verbosity=verbosity)
    told = [
        record
        for record in caplog.records
        if record.exc_info and "the whole error" in str(record.exc_info[1])
    ]
    assert len(told) == lines
    assert ("stands in the way" in caplog.text) == (verbosity > 1)
    assert logging.root.manager.disable == logging.NOTSET


# --- the examination --------------------------------------------------------------------------------------------


def test_a_part_that_hangs_is_told_and_nobody_waits_for_it_or_for_two() -> None:
    forever = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("The beginning.")
        forever.wait(60)

    began = time.monotonic()
    parts = [Part("a", hangs, "Kick it."), _part("b", ok("Well.")), Part("c", hangs, "Kick it, too.")]
    found = list(examined(parts, patience=0.3))
    forever.set()
    assert time.monotonic() - began < 5
    assert found == [
        ("a", problem("No answer within 0.3 seconds.", "Kick it.")),
        ("b", ok("Well.")),
        ("c", problem("No answer within 0.3 seconds.", "Kick it, too.")),
    ]


def test_parts_are_examined_at_once() -> None:
    both = threading.Barrier(2)

    def meets() -> Iterator[Finding]:
        both.wait(10)
        yield ok("Met.")

    found = list(examined([Part("a", meets, "-"), Part("b", meets, "-")], patience=15))
    assert [finding.told for _, finding in found] == ["Met.", "Met."]


def test_a_part_that_fails_is_a_problem_and_its_words_stay_out() -> None:
    def fails() -> Iterator[Finding]:
        raise RuntimeError("postgres://a:CANARY@db")
        yield

    [(_, finding)] = examined([Part("a", fails, "Look.")])
    assert finding.condition == "problem"
    assert finding.told == "It could not be examined: RuntimeError."
    assert "CANARY" not in finding.advice


# --- settings and address ---------------------------------------------------------------------------------------


def test_system_checks_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _only(examine_settings()).condition == "ok"
    wrong = Error("The rate cannot be used.", hint="Write 20/min.", id="voiceassist.E101")
    monkeypatch.setattr(configuration, "run_checks", lambda **_: [wrong])
    assert _told(examine_settings()) == [
        ("problem", "The rate cannot be used. (voiceassist.E101) Write 20/min.")
    ]


def test_debug_is_told(settings: Any) -> None:
    settings.DEBUG = True
    assert ("warning", "DEBUG is on: error pages show the insides of this server. Take DEBUG out.") in _told(
        examine_settings()
    )


@pytest.mark.parametrize(
    ("given", "condition", "told"),
    [
        ({}, "ok", "People come to http://127.0.0.1:8000"),
        ({"PUBLIC_URL": "voice.example"}, "problem", "no address"),
        ({"PUBLIC_URL": "ftp://voice.example"}, "problem", "no address"),
        ({"PUBLIC_URL": "http://voice.example"}, "warning", "microphone"),
        ({"PUBLIC_URL": "https://voice.example"}, "problem", "no proxy is trusted"),
        (
            {"PUBLIC_URL": "https://voice.example", "TRUSTED_PROXIES": ["127.0.0.1"]},
            "ok",
            "https://voice.example",
        ),
        ({"PUBLIC_URL": "https://voice.example", "TRUSTED_PROXIES": ["*"]}, "warning", "make up"),
        ({"HOST": "192.0.2.1"}, "warning", "status 400"),
        ({"HOST": "::1"}, "ok", "People come"),
        ({"PUBLIC_URL": "http://localhost:9000"}, "warning", "port 9000"),
        ({"PUBLIC_URL": "http://localhost"}, "warning", "port 80"),
    ],
)
def test_host_public_url_and_proxy_have_to_belong_together(
    settings: Any, given: dict[str, Any], condition: str, told: str
) -> None:
    usual = {"HOST": "127.0.0.1", "PORT": 8000, "PUBLIC_URL": "http://127.0.0.1:8000", "TRUSTED_PROXIES": []}
    for name, value in (usual | given).items():
        setattr(settings, name, value)
    finding = _only(examine_address())
    assert (finding.condition, told in finding.told) == (condition, True), finding


# --- the database -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestTheDatabase:
    def test_is_written_to_and_read_and_nothing_stays(self) -> None:
        [finding] = [each for each in examine_database() if each.condition == "ok"]
        assert "written to and read back" in finding.told
        assert not Session.objects.exists()

    def test_that_is_away_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def down() -> None:
            raise OperationalError("password CANARY is wrong")

        monkeypatch.setattr(connection, "ensure_connection", down)
        finding = _only(examine_database())
        assert finding.condition == "problem"
        assert finding.told == "It cannot be reached (OperationalError)."

    @pytest.mark.django_db(transaction=True)
    def test_that_takes_no_writes_is_told(self) -> None:
        def read_only(execute: Any, sql: str, *rest: Any) -> Any:
            if sql.startswith("INSERT"):
                raise OperationalError("read-only")
            return execute(sql, *rest)

        with connection.execute_wrapper(read_only):
            found = list(examine_database())
        assert found[0].condition == "problem"
        assert found[0].told == "A row cannot be written and read back (OperationalError)."

    def test_with_migrations_waiting_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.db.migrations.executor import MigrationExecutor

        monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: [1, 2])
        assert _told(examine_database())[0][1].startswith(
            "2 migrations are not applied. Run `manage.py migrate`"
        )

    def test_of_one_machine_with_a_redis_for_many_is_told(self, settings: Any) -> None:
        settings.REDIS_URL = "redis://cache"
        told = [each.told for each in examine_database()]
        assert any("other machines cannot share" in each for each in told) == (connection.vendor == "sqlite")

    def test_shared_by_workers_without_a_redis_is_told(self, settings: Any, alice: User) -> None:
        settings.REDIS_URL = ""
        sessions = [opened(alice) for _ in range(2)]
        for number, session in enumerate(sessions):
            VoiceSession.objects.filter(pk=session.pk).update(
                holder=f"worker-{number}", seen_at=timezone.now()
            )
        assert any("2 processes hold sessions" in each.told for each in examine_database())
        settings.REDIS_URL = "redis://cache"
        assert not any("processes hold" in each.told for each in examine_database())
        settings.REDIS_URL = ""
        VoiceSession.objects.filter(pk=sessions[0].pk).update(seen_at=timezone.now() - timedelta(hours=1))
        assert not any("processes hold" in each.told for each in examine_database()), (
            "one was killed long ago"
        )


# --- what workers share -----------------------------------------------------------------------------------------


def test_a_cache_that_counts_exactly_is_well(own_cache: None) -> None:
    finding = _only(examine_cache())
    assert finding.condition == "ok"
    assert "8 threads at once" in finding.told


def test_a_cache_that_lets_two_win_is_told(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(cache._connections["default"]), "add", lambda *_, **__: True)  # type: ignore[attr-defined]
    finding = _only(examine_cache())
    assert finding.condition == "problem"
    assert finding.told.startswith("It does not count exactly: 8 of 8 added one key")


def test_a_cache_that_is_away_is_told(settings: Any, free_port: int) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {
        "default": {"BACKEND": backend, "LOCATION": f"redis://:CANARY@127.0.0.1:{free_port}/0"}
    }
    finding = _only(examine_cache())
    assert (finding.condition, finding.told) == ("problem", "It cannot be reached (ConnectionError).")


def test_a_layer_that_passes_messages_on_is_well() -> None:
    assert _only(examine_layer()).condition == "ok"


def test_a_layer_that_swallows_messages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels.layers import InMemoryChannelLayer

    async def swallow(*_: Any) -> None: ...

    monkeypatch.setattr(InMemoryChannelLayer, "group_send", swallow)
    monkeypatch.setattr(shared, "LAYER_SECONDS", 0.2)
    monkeypatch.setattr(shared, "get_channel_layer", InMemoryChannelLayer)
    assert _only(examine_layer()).told == "A message did not come back within 0.2 seconds."


# --- who answers ------------------------------------------------------------------------------------------------


@contextmanager
def _leading_to(settings: Any, url: str) -> Iterator[None]:
    own: RealtimeConfig = settings.REALTIME
    settings.REALTIME = replace(
        own,
        enabled=True,
        provider="openai",
        api_key=KEY,
        api_key_variable="OPENAI_API_KEY",
        base_url=url,
        model="gpt-realtime-2.1",
    )
    yield


def test_an_upstream_that_begins_a_session_is_well(settings: Any) -> None:
    with ScriptedUpstream([greeting()], strict=False) as upstream, _leading_to(settings, upstream.url):
        assert _told(examine_upstream()) == [("ok", "127.0.0.1 gpt-realtime-2.1 began a session.")]
        assert upstream.handshakes[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_key_that_is_refused_after_the_handshake_is_told(settings: Any) -> None:
    with ScriptedUpstream(wrong_key()) as upstream, _leading_to(settings, upstream.url):
        finding = _only(examine_upstream())
    assert finding.condition == "problem"
    assert "did not accept this server's key. (provider_auth)" in finding.told
    assert finding.advice.startswith("Check the key in OPENAI_API_KEY")
    assert "Ask whoever" not in finding.told
    assert KEY[-6:] not in finding.told + finding.advice


@pytest.mark.parametrize(
    ("status", "code"), [(401, "provider_auth"), (429, "provider_rate_limited"), (503, "provider_")]
)
def test_a_handshake_that_is_refused_is_told(settings: Any, status: int, code: str) -> None:
    with ScriptedUpstream([AnswerHandshake(status)]) as upstream, _leading_to(settings, upstream.url):
        finding = _only(examine_upstream())
    assert finding.condition == "problem"
    assert code in finding.told


def test_a_network_that_leads_nowhere_is_told(settings: Any, free_port: int) -> None:
    with _leading_to(settings, f"ws://127.0.0.1:{free_port}/v1/realtime"):
        finding = _only(examine_upstream())
    assert "provider_unreachable" in finding.told
    assert "HTTPS_PROXY" in finding.advice


def test_an_upstream_that_says_nothing_is_told(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from voiceassist.management.doctor import upstream as part

    monkeypatch.setattr(part, "GREETING_SECONDS", 0.3)
    with ScriptedUpstream([], strict=False) as silent, _leading_to(settings, silent.url):
        finding = _only(examine_upstream())
    assert finding.told == "127.0.0.1 gpt-realtime-2.1: it took the connection and began no session in 0.3 s."


def test_a_missing_key_is_told(settings: Any) -> None:
    with _leading_to(settings, "ws://127.0.0.1:9"):
        settings.REALTIME = replace(settings.REALTIME, api_key="")
        finding = _only(examine_upstream())
    assert "realtime_not_configured" in finding.told
    assert finding.advice.startswith("Set OPENAI_API_KEY")


def test_sessions_that_are_switched_off_are_told(settings: Any) -> None:
    settings.REALTIME = replace(settings.REALTIME, enabled=False)
    assert _only(examine_upstream()).condition == "warning"


def test_the_engine_understands_what_it_says(settings: Any) -> None:
    settings.REALTIME = replace(settings.REALTIME, provider="embedded")
    finding = _only(examine_engine())
    assert (finding.condition, finding.told) == (
        "ok",
        "Its models load, and it understands what it says itself.",
    )


def test_an_engine_that_understands_nothing_or_cannot_listen_is_told(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REALTIME = replace(settings.REALTIME, provider="embedded")

    async def nothing() -> str:
        return "blah"

    monkeypatch.setattr(engine, "_heard", nothing)
    assert _only(examine_engine()).condition == "problem"
    monkeypatch.setattr("realtime.engine.speech.pool.voice_problem", lambda: "Voice is not available.")
    assert _told(examine_engine())[0][0] == "warning"


def test_an_engine_that_nobody_uses_is_left_alone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(engine, "_heard")
    settings.REALTIME = replace(settings.REALTIME, provider="openai")
    assert _only(examine_engine()).told == "Not used: somebody else answers here."


# --- the machine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "condition"), [(10**8, "problem"), (5 * 10**8, "warning"), (10**12, "ok")])
def test_room_on_the_disk(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, condition: str
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert _only(examine_disk()).condition == condition
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_files_is_told(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "nowhere"
    assert _only(examine_disk()).told.startswith("No file can be written to VAR_DIR")


def test_a_secret_that_others_can_read_is_told(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "secret-key").write_text("x")
    (tmp_path / "secret-key").chmod(0o644)
    assert (
        "warning",
        f"Others on this machine can read secret-key. chmod 600 {tmp_path}/secret-key",
    ) in _told(examine_disk())
    (tmp_path / "secret-key").chmod(0o600)
    assert len(_told(examine_disk())) == 1


@pytest.mark.parametrize(
    ("soft", "condition"), [(1024, "warning"), (3200, "ok"), (resource.RLIM_INFINITY, "ok")]
)
def test_open_files_for_as_many_sockets(
    settings: Any, monkeypatch: pytest.MonkeyPatch, soft: int, condition: str
) -> None:
    settings.REALTIME_SOCKETS = 1000
    monkeypatch.setattr("resource.getrlimit", lambda _: (soft, soft))
    assert _only(examine_files()).condition == condition


def test_a_clock_that_is_behind_what_was_written_is_told(alice: User) -> None:
    assert _only(examine_clock()).condition == "ok"
    conversation = Conversation.objects.create(user=alice)
    Conversation.objects.filter(pk=conversation.pk).update(created_at=timezone.now() + timedelta(days=1))
    assert _only(examine_clock()).condition == "problem"


# --- a process of its own ---------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_beside_a_running_site_it_finds_nothing(site: RunningSite) -> None:
    environment = {"VAR_DIR": str(site.home.var)} | site.home.environment
    with program("voiceassist_doctor", environment=environment) as doctor:
        doctor.wait_until(lambda: "to put right." in doctor.screen)
        lines = doctor.screen.splitlines()
    assert lines[-1] == "Nothing to put right."
    names = [line[9:23].strip() for line in lines[:-1]]
    assert list(dict.fromkeys(names)) == [part.name for part in voiceassist_doctor.PARTS]
    assert not any(line.startswith("problem") for line in lines)


@pytest.mark.e2e
def test_with_everything_away_it_ends_in_time_and_tells_each(tmp_path: Path, free_port: int) -> None:
    """A listener that takes connections and never answers stands for the database, Redis and the provider."""
    with socket.create_server(("127.0.0.1", free_port), backlog=64):
        environment = {
            "VAR_DIR": str(tmp_path),
            "DATABASE_URL": f"postgresql://voice:CANARY@127.0.0.1:{free_port}/voice",
            "REDIS_URL": f"redis://:CANARY@127.0.0.1:{free_port}/0",
            "OPENAI_API_KEY": KEY,
            "REALTIME_BASE_URL": f"ws://127.0.0.1:{free_port}/v1/realtime",
        }
        began = time.monotonic()
        with program("voiceassist_doctor", environment=environment) as doctor:
            doctor.wait_until(lambda: "to put right." in doctor.screen)
            took = time.monotonic() - began
            lines = doctor.screen.splitlines()
    assert took < 30  # 15 on a quiet machine; other tests may run beside it
    problems = {line[9:23].strip() for line in lines if line.startswith("problem")}
    assert problems == {"database", "cache", "channel layer", "static files", "upstream"}
    assert "5 things to put right." in lines[-1]
    assert "CANARY" not in doctor.screen and KEY not in doctor.screen
    assert "Traceback" not in doctor.screen
