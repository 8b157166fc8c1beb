"""Faults 11 to 13 and 15: clients that are cut off, fall silent, come back, and open two pages."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.conftest import IS_LONG
from tests.faults.rig.caller import Caller
from tests.faults.rig.forms import cases
from tests.faults.rig.proxy import FaultProxy
from tests.faults.rig.upstream import TalkingUpstream
from tests.support.fault_stage import GA, OWN, Stage
from tests.support.raw_socket import LOST

CLEANED_UP = 4.0
"""Seconds: two for the trailing words, and what a busy machine takes on top."""
SMALL = 16 * 1024
PARKED = 30.0 if IS_LONG else 3.0
"""How long a session of our own dress waits for a client that was lost."""
PAGES = 8 if IS_LONG else 4
TICKETS = {"fresh ticket": [False], "same ticket": [True]}


@pytest.fixture(scope="module")
def upstream(stage_upstream: TalkingUpstream) -> TalkingUpstream:
    return stage_upstream


@pytest.fixture(autouse=True)
def _nothing_of_ours_broke(stage: Stage, upstream: TalkingUpstream) -> Iterator[None]:
    """Whatever a client does, no exception reaches the server, and what a test changed of the upstream is undone."""
    before = len(stage.worker.screen)
    yield
    upstream.word_seconds, upstream.tones_per_word = 0.0, 2
    assert "Traceback" not in stage.worker.screen[before:]


# --- 11: reset while it is being sent to ------------------------------------------------------------------------------


@pytest.mark.fault(11)
@pytest.mark.parametrize("dress", [GA, pytest.param(OWN, marks=pytest.mark.thorough)])
async def test_a_client_that_is_reset_while_it_is_sent_to_leaves_nothing_behind(
    stage: Stage, upstream: TalkingUpstream, dress: str
) -> None:
    """A plain client's session is put down at once; one of ours may come back, so its upstream waits for as long."""
    upstream.tones_per_word = 40
    words = "one two three four five six seven eight"

    async def answers() -> int:
        return upstream.answers

    before = upstream.answers
    async with stage.visitor(dress, receive_buffer=SMALL, output="audio") as visitor:
        [talk] = upstream.open_talks
        await visitor.ask(words, "item_1")
        # Two megabytes are on their way, and nobody reads them: the server stands in the middle of a send.
        await stage.until(answers, lambda given: given > before, within=10)
        visitor.socket.reset()
        await visitor.state(lambda row: row["state"] in ("waiting", "ended"), within=CLEANED_UP)
        assert (talk in upstream.open_talks) == (dress == OWN)
        patience = (PARKED if dress == OWN else 0) + CLEANED_UP
        await upstream.until(lambda: not upstream.open_talks, patience=patience)
    # The answer came to its end; that nobody heard all of it is known when nobody came back.
    asked, answered = await visitor.kept(2, lambda rows: rows[-1]["status"] == "interrupted")
    assert asked == ("user", "final", words)
    assert f"You said: {words}".startswith(answered[2])


# --- 12: half open ----------------------------------------------------------------------------------------------------


@pytest.mark.fault(12)
async def test_a_client_that_answers_no_ping_is_let_go_in_time(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        visitor.socket.answers_pings = False
        began = asyncio.get_running_loop().time()
        code = await visitor.socket.closed()
        assert asyncio.get_running_loop().time() - began < (45 if IS_LONG else 8)
        assert code in (LOST, 1011)
        await visitor.state(lambda row: row["state"] in ("waiting", "ended"), within=CLEANED_UP)


# --- 13: back within thirty seconds -----------------------------------------------------------------------------------


@pytest.mark.fault(13)
@pytest.mark.parametrize("same_ticket", cases(TICKETS, quick=["fresh ticket"]))
async def test_who_comes_back_gets_what_was_missed_once_and_the_sound_from_where_it_was(
    stage: Stage, upstream: TalkingUpstream, same_ticket: bool
) -> None:
    upstream.word_seconds, upstream.tones_per_word = 0.05, 3
    words = "one two three four five six seven eight nine ten"
    async with Caller(stage.people[0], stage.url) as caller:
        await caller.call(output="audio")
        conversation = caller.conversation_id
        first = await caller.type(words)
        await caller.until(lambda: len(caller.events("response.output_audio_transcript.delta")) >= 4)
        caller.drop()
        await caller.until(lambda: caller.closed is not None)
        second = await caller.type("eleven", answer=False)
        assert await caller.resume(same_ticket=same_ticket), "it was to be taken up where it was left"
        await caller.until_answered()
        for item_id in (first, second):
            await caller.until_saved(item_id)
        ids = [event["event_id"] for event in caller.log if isinstance(event, dict)]
        assert len(ids) == len(set(ids)), "an event came twice"
        said = "".join(event["delta"] for event in caller.events("response.output_audio_transcript.delta"))
        assert said == f"You said: {words}"
        sound = b"".join(caller.sound.values())
        assert len(sound) == len(f"You said: {words}".split()) * 3 * 100 * 48, (
            "sound is missing, or came twice"
        )
        assert caller.conversation_id == conversation
        assert caller.story.count("session.created") == 1
        texts = [row["text"] or row["unheard_text"] for row in await caller.messages()]
        assert texts.count(words) == texts.count("eleven") == 1


@pytest.mark.thorough
@pytest.mark.fault(13)
async def test_who_comes_back_over_a_network_that_has_not_noticed_the_loss_is_let_in(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    """The old socket is still open, as it is on a network that swallows everything: who asks again is the owner."""
    with FaultProxy(stage.port) as network:
        caller = Caller(stage.people[0], f"http://127.0.0.1:{network.port}")
        await caller.call(output="text")
        await caller.type("one")
        await caller.until_answered()
        await upstream.until(lambda: len(upstream.open_talks) == 1, patience=PARKED + CLEANED_UP)
        talks = upstream.open_talks
        network.hang()
        assert await caller.resume(stage.url)
        await caller.type("two")
        await caller.until_answered(answers=2)
        assert upstream.open_talks == talks, "one session, one upstream"
        await caller.__aexit__(None, None, None)


# --- 15: two pages ----------------------------------------------------------------------------------------------------


@pytest.mark.fault(15)
async def test_of_two_pages_on_one_conversation_the_newer_goes_on(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    async with Caller(stage.people[1], stage.url) as older, Caller(stage.people[1], stage.url) as newer:
        await older.call(output="text")
        await older.type("one")
        await older.until_answered()
        await newer.call(output="text", conversation_id=older.conversation_id)
        await older.until(lambda: older.closed is not None)
        assert older.closed is not None
        assert older.closed[0] == 4409
        assert older.events("voiceassist.ended")[-1]["reason"] == "replaced"
        await newer.type("two")
        await newer.until_answered()
        assert "one" in upstream.talks[-1].instructions, "the newer one knows what was said"


@pytest.mark.fault(15)
async def test_many_pages_on_one_conversation_at_once_never_have_two_upstreams(
    stage: Stage, upstream: TalkingUpstream
) -> None:
    most = 0

    async def still_there() -> int:
        return sum(caller.closed is None for caller in callers)

    async def opened(talk: object) -> None:
        nonlocal most
        most = max(most, len(upstream.open_talks))

    await upstream.until(lambda: not upstream.open_talks, patience=PARKED + CLEANED_UP)
    upstream.opened = opened
    callers = [Caller(stage.people[2], stage.url) for _ in range(PAGES)]
    try:
        await callers[0].call(output="text")
        conversation = callers[0].conversation_id
        for caller in callers[1:]:
            await caller.ask(output="text", conversation_id=conversation)
        await asyncio.gather(*(caller.connect() for caller in callers[1:]))
        await stage.until(still_there, lambda callers: callers == 1, within=20)
        assert {caller.closed[0] for caller in callers if caller.closed} == {4409}
        await upstream.until(lambda: len(upstream.open_talks) == 1)
    finally:
        upstream.opened = None
        for caller in callers:
            await caller.__aexit__(None, None, None)
    assert most == 1
