"""Limits hold exactly, however many requests arrive at the same moment."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import AccessToken

from conversations.models import Conversation
from realtime.models import VoiceSession
from realtime.options import SESSION_RATE
from tests.support.sessions import CONFIG
from voiceassist import limits
from voiceassist.limits import (
    AtomicScopedThrottle,
    Limiter,
    LimitsAway,
    Rate,
    address_of,
    in_words,
    wait_for,
)

TEN_A_MINUTE = Rate(requests=10, seconds=60)


class Clock:
    """Time that passes when told to."""

    def __init__(self, now: float = 1_000_000_020.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["locmem", "redis"])
def store(request: pytest.FixtureRequest) -> BaseCache:
    if request.param == "locmem":
        return LocMemCache(uuid.uuid4().hex, {})
    if not django_settings.REDIS_URL:
        pytest.skip("REDIS_URL names no Redis; `.ci/run` runs this where one can be reached")
    return RedisCache(django_settings.REDIS_URL, {})


def _at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    start = threading.Barrier(count)

    def one(number: int) -> Any:
        start.wait(timeout=10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_sixty_at_once_exactly_ten_pass(store: BaseCache) -> None:
    for _ in range(10):
        limiter = Limiter(uuid.uuid4().hex, TEN_A_MINUTE, store=store, clock=Clock())
        waits = _at_once(60, partial(_take, limiter))
        assert waits.count(None) == 10


def _take(limiter: Limiter, _: int) -> int | None:
    return limiter.take("alice")


def test_keys_do_not_share_a_count(store: BaseCache) -> None:
    limiter = Limiter(uuid.uuid4().hex, Rate(1, 60), store=store)
    assert limiter.take("alice") is None
    assert limiter.take("alice") is not None
    assert limiter.take("bob \r\n with any characters \ud83d" + "x" * 500) is None


def test_whoever_waits_as_long_as_told_is_let_in(store: BaseCache) -> None:
    clock = Clock()
    limiter = Limiter(uuid.uuid4().hex, TEN_A_MINUTE, store=store, clock=clock)
    for _ in range(10):
        assert limiter.take("alice") is None
        clock.now += 1
    wait = limiter.take("alice")
    assert wait is not None
    clock.now += wait - 2
    assert limiter.take("alice") is not None
    clock.now += 2
    assert limiter.take("alice") is None


def test_impatience_does_not_prolong_the_wait(store: BaseCache) -> None:
    clock = Clock()
    limiter = Limiter(uuid.uuid4().hex, TEN_A_MINUTE, store=store, clock=clock)
    for _ in range(10):
        limiter.take("alice")
    wait = limiter.take("alice")
    assert wait is not None
    for _ in range(500):
        limiter.take("alice")
    clock.now += wait
    assert limiter.take("alice") is None


def test_a_new_window_does_not_open_the_gate_twice(store: BaseCache) -> None:
    clock = Clock(1_000_000_079.0)
    limiter = Limiter(uuid.uuid4().hex, TEN_A_MINUTE, store=store, clock=clock)
    passed = sum(limiter.take("alice") is None for _ in range(20))
    clock.now += 2
    passed += sum(limiter.take("alice") is None for _ in range(20))
    assert passed == 10


def test_what_is_given_back_and_what_is_forgotten_can_be_taken_again(store: BaseCache) -> None:
    limiter = Limiter(uuid.uuid4().hex, Rate(2, 60), store=store)
    limiter.take("alice")
    limiter.take("alice")
    limiter.give_back("alice")
    assert limiter.take("alice") is None
    assert limiter.take("alice") is not None
    limiter.forget("alice")
    assert limiter.take("alice") is None
    Limiter("never-used", Rate(1, 60), store=store).give_back("alice")


@given(
    requests=st.integers(1, 50),
    seconds=st.sampled_from([1, 60, 3600]),
    pauses=st.lists(st.floats(0, 90), max_size=80),
)
def test_no_minute_sees_twice_its_rate_and_waiting_as_told_always_helps(
    requests: int, seconds: int, pauses: list[float]
) -> None:
    clock = Clock()
    limiter = Limiter(
        "property", Rate(requests, seconds), store=LocMemCache(uuid.uuid4().hex, {}), clock=clock
    )
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = limiter.take("alice")
        if wait is None:
            taken.append(clock.now)
        else:
            assert 1 <= wait <= 2 * seconds
            clock.now += wait
            assert limiter.take("alice") is None
            taken.append(clock.now)
    for moment in taken:
        assert sum(moment <= other < moment + seconds for other in taken) < 2 * requests + 1


@pytest.mark.parametrize(
    ("text", "rate"),
    [("20/min", Rate(20, 60)), ("1/s", Rate(1, 1)), ("5/hour", Rate(5, 3600)), (" 7 / day", Rate(7, 86_400))],
)
def test_rates_are_read_as_people_write_them(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["", "20", "20/", "/min", "many/min", "-1/min", "20/fortnight"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="20/min"):
        Rate.parse(text)


class _StillThrottle(AtomicScopedThrottle):
    """Its minute does not end while a test runs."""

    clock = Clock()


class _Door(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (_StillThrottle,)
    throttle_scope: str | None = "door"

    def post(self, request: Request) -> Response:
        return Response({"in": True})


@pytest.fixture
def ten_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "door", "10/min")


def _knock(user: User | None = None, address: str = "192.0.2.1", view: type[APIView] = _Door) -> Response:
    request = APIRequestFactory().post("/door", REMOTE_ADDR=address)
    if user is not None:
        force_authenticate(request, user=user)
    response: Response = view.as_view()(request)
    return response


@pytest.mark.usefixtures("ten_at_the_door")
class TestTheDoor:
    """The throttle as a view meets it."""

    def test_sixty_parallel_requests_of_one_user_are_ten_answers_and_fifty_refusals(self) -> None:
        alice = User(pk=1)
        statuses = [response.status_code for response in _at_once(60, lambda _: _knock(alice))]
        assert statuses.count(200) == 10
        assert statuses.count(429) == 50

    def test_a_refusal_says_how_long_to_wait(self) -> None:
        for _ in range(10):
            _knock()
        refused = _knock()
        assert refused.status_code == 429
        seconds = int(refused.headers["Retry-After"])
        assert 1 <= seconds <= 120
        assert refused.data["code"] == "throttled"
        assert f"Try again in {in_words(seconds)}" in refused.data["detail"]

    def test_a_user_is_one_user_from_any_address(self) -> None:
        answers = [_knock(User(pk=1), f"192.0.2.{number}").status_code for number in range(12)]
        assert answers == [200] * 10 + [429] * 2

    def test_an_address_is_shared_by_several_people_but_not_by_an_army(self) -> None:
        answers = [_knock(User(pk=number % 9 + 1)).status_code for number in range(40)]
        assert answers.count(200) == 30

    def test_strangers_are_counted_by_address(self) -> None:
        assert [_knock().status_code for _ in range(11)].count(200) == 10
        assert _knock(address="192.0.2.2").status_code == 200

    def test_without_an_address_only_people_are_counted(self) -> None:
        assert [_knock(address="").status_code for _ in range(12)] == [200] * 12
        assert [_knock(User(pk=1), address="").status_code for _ in range(11)].count(200) == 10

    def test_a_view_without_a_scope_is_not_limited(self) -> None:
        class Open(_Door):
            throttle_scope = None

        assert {_knock(view=Open).status_code for _ in range(30)} == {200}

    def test_a_scope_without_a_rate_is_a_mistake_of_ours(self) -> None:
        class Forgotten(_Door):
            throttle_scope = "forgotten"

        with pytest.raises(ImproperlyConfigured, match="forgotten"):
            AtomicScopedThrottle().allow_request(Request(APIRequestFactory().post("/")), Forgotten())


def test_who_is_refused_at_a_shared_address_keeps_their_own(ten_at_the_door: None) -> None:
    clock = Clock()
    for number in range(30):
        assert wait_for("door", number, "192.0.2.1", clock=clock) is None
    for _ in range(20):
        assert wait_for("door", 99, "192.0.2.1", clock=clock) is not None
    assert [wait_for("door", 99, "192.0.2.2", clock=clock) for _ in range(11)].count(None) == 10


@pytest.mark.django_db(transaction=True)
class TestSessions:
    """The sessions that one person asks for, over REST and over sockets."""

    @pytest.fixture(autouse=True)
    def _ten_a_minute(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.REALTIME = CONFIG
        monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, SESSION_RATE, "10/min")
        monkeypatch.setattr(AtomicScopedThrottle, "clock", Clock())

    def test_of_sixty_at_once_ten_are_issued_and_the_others_are_told_when_to_come_back(
        self, alice: User, in_threads: Callable[[int, Callable[[int], Any]], list[Any]]
    ) -> None:
        bearer = {"Authorization": f"Bearer {AccessToken.for_user(alice)}"}

        def ask(number: int) -> Any:
            door = ("/api/voice/realtime-session", "/v1/realtime/client_secrets")[number % 2]
            return Client().post(door, {}, content_type="application/json", headers=bearer)

        answers = in_threads(60, ask)
        assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 50}
        assert VoiceSession.objects.count() == Conversation.objects.count() == 10
        for answer in answers:
            if answer.status_code == 429:
                assert answer.json()["code"] == "throttled"
                assert 1 <= int(answer["Retry-After"]) <= 120


class TestWithoutTheCache:
    """The shared cache cannot be reached: the guard stays at his door, and who is signed in goes through the others."""

    @pytest.fixture(autouse=True)
    def _away(self, settings: Any, free_port: int) -> None:
        location = f"redis://127.0.0.1:{free_port}/0"
        settings.CACHES = {
            "default": {"BACKEND": f"{RedisCache.__module__}.RedisCache", "LOCATION": location}
        }

    def test_nothing_can_be_taken(self) -> None:
        with pytest.raises(LimitsAway):
            Limiter("sign-in", TEN_A_MINUTE).take("alice")

    def test_what_is_given_back_or_forgotten_harms_nobody(self) -> None:
        limiter = Limiter("sign-in", TEN_A_MINUTE)
        limiter.give_back("alice")
        limiter.forget("alice")

    @pytest.mark.usefixtures("ten_at_the_door")
    def test_who_is_signed_in_is_let_through_a_rationed_door(self) -> None:
        assert [_knock(User(pk=1)).status_code for _ in range(12)] == [200] * 12

    @pytest.mark.usefixtures("ten_at_the_door")
    def test_the_operator_is_told_once_and_not_for_every_request(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("voiceassist.limits._tell", type(limits._tell)())
        for _ in range(5):
            _knock(User(pk=1))
        [told] = [record.getMessage() for record in caplog.records if record.name == "voiceassist.limits"]
        assert "the cache is away" in told


@pytest.mark.parametrize(
    ("remote", "party"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_one_party_is_one_address(remote: str, party: str) -> None:
    assert address_of(APIRequestFactory().get("/", REMOTE_ADDR=remote)) == party


def test_a_made_up_forwarding_header_makes_nobody_somebody_else() -> None:
    request = APIRequestFactory().get("/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert address_of(request) == "192.0.2.7"


@pytest.mark.parametrize(("seconds", "words"), [(1, "1 second"), (59, "59 seconds"), (300, "5 minutes")])
def test_waiting_times_read_as_people_say_them(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
