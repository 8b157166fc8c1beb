"""The embedded engine as a provider: one engine for a loop, described without being started, frames as they are."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from realtime.config import EngineConfig, RealtimeConfig
from realtime.engine.server import Engine as RealEngine
from realtime.engine.server import EngineClosed
from realtime.errors import EngineBusy, UpstreamClosed
from realtime.providers.embedded import EmbeddedProvider, Engine
from tests.support.engine_speech import ScriptedSpeech
from tests.support.heard import Heard

CONFIG = RealtimeConfig()
UPDATE = json.dumps(
    {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
)


class BrokenSession:
    """A session that ended by itself."""

    def __init__(self) -> None:
        self.times_closed = 0

    async def send(self, frame: str) -> None:
        raise EngineClosed(1001, "session_expired")

    async def receive(self) -> str:
        raise EngineClosed(1001, "session_expired")

    async def close(self) -> None:
        self.times_closed += 1


class ListedEngine:
    """An engine that notes what is done to it."""

    model = "listed-1"
    voices = ("one", "two")
    default_voice = "one"
    label = "A listed engine"
    is_language_model = False
    voice_problem = "No ears here."

    def __init__(self) -> None:
        self.done: list[str] = []
        self.session = BrokenSession()
        self.refusal: Exception | None = None

    async def start(self) -> None:
        self.done.append("start")

    async def open(self) -> BrokenSession:
        if self.refusal:
            raise self.refusal
        self.done.append("open")
        return self.session

    async def close(self) -> None:
        self.done.append("close")


class Workshop:
    """Builds engines and remembers them."""

    def __init__(self) -> None:
        self.built: list[ListedEngine] = []

    def __call__(self, config: EngineConfig) -> Engine:
        self.built.append(ListedEngine())
        return self.built[-1]


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def provider(workshop: Workshop) -> EmbeddedProvider:
    return EmbeddedProvider(CONFIG, build_engine=workshop)


def test_people_are_told_what_the_engine_says_of_itself(provider: EmbeddedProvider) -> None:
    described = provider.description
    assert (described.name, described.label, described.model) == ("embedded", "A listed engine", "listed-1")
    assert (described.voices, described.default_voice) == (("one", "two"), "one")
    assert not described.is_language_model
    assert described.voice_problem == "No ears here."


def test_asking_who_answers_starts_nothing(provider: EmbeddedProvider, workshop: Workshop) -> None:
    assert provider.description == provider.description
    (engine,) = workshop.built
    assert engine.done == []


def test_nothing_has_to_be_configured(provider: EmbeddedProvider) -> None:
    provider.check()


async def test_every_session_of_a_loop_shares_one_engine(
    provider: EmbeddedProvider, workshop: Workshop
) -> None:
    await provider.warm_up()
    for _ in range(3):
        await provider.connect(safety_identifier="x")
    assert [engine.done for engine in workshop.built] == [["start", "open", "open", "open"]]


def test_another_loop_has_an_engine_of_its_own(provider: EmbeddedProvider, workshop: Workshop) -> None:
    for _ in range(2):
        asyncio.run(_connected(provider))
    assert [engine.done for engine in workshop.built] == [["open"], ["open"]]


async def _connected(provider: EmbeddedProvider) -> None:
    await provider.connect(safety_identifier="x")


async def test_closing_ends_the_engine_and_a_later_session_gets_a_fresh_one(
    provider: EmbeddedProvider, workshop: Workshop
) -> None:
    await provider.connect(safety_identifier="x")
    await provider.close()
    await provider.close()
    await provider.connect(safety_identifier="x")
    assert [engine.done for engine in workshop.built] == [["open", "close"], ["open"]]


async def test_an_engine_that_is_busy_says_so(provider: EmbeddedProvider, workshop: Workshop) -> None:
    await provider.warm_up()
    workshop.built[0].refusal = EngineBusy()
    with pytest.raises(EngineBusy):
        await provider.connect(safety_identifier="x")


@pytest.mark.parametrize(
    "do", [lambda connection: connection.send("{}"), lambda connection: connection.receive()]
)
async def test_a_session_that_ended_is_an_upstream_that_closed(
    provider: EmbeddedProvider, do: Callable[[Heard], Awaitable[object]]
) -> None:
    connection = Heard(await provider.connect(safety_identifier="x"))
    with pytest.raises(UpstreamClosed) as closed:
        await do(connection)
    assert (closed.value.closed_with, closed.value.reason) == (1001, "session_expired")


async def test_closing_a_connection_closes_its_session(
    provider: EmbeddedProvider, workshop: Workshop
) -> None:
    connection = Heard(await provider.connect(safety_identifier="x"))
    await connection.close()
    assert workshop.built[0].session.times_closed == 1


async def test_the_real_engine_answers_through_this_seam() -> None:
    provider = EmbeddedProvider(
        CONFIG, build_engine=lambda config: RealEngine(config, speech=ScriptedSpeech())
    )
    connection = Heard(await provider.connect(safety_identifier="x"))
    created = json.loads(await connection.receive())
    assert created["type"] == "session.created"
    assert created["session"]["model"] == provider.description.model
    await connection.send(UPDATE)
    assert json.loads(await connection.receive())["type"] == "session.updated"
    await connection.close()
    with pytest.raises(UpstreamClosed):
        await connection.receive()
    await provider.close()
