"""The checker of the nemesis finds every kind of broken promise; one that finds nothing would prove nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.rig.caller import Caller
from tests.faults.rig.checker import Stored, stored, violations
from tests.faults.rig.history import History
from tests.faults.rig.preparation import Person
from tests.faults.rig.processes import Home, Worker
from tests.faults.rig.remains import held_by
from tests.faults.rig.speech import speech

ALICE = Person(1, "caller0", "", "")
BOB = Person(2, "caller1", "", "")
HERS, HIS = "conversation of hers", "conversation of his"


def kept_promises() -> tuple[History, Stored]:
    """Two people, each with a session, and two turns of hers that she was told of."""
    history = History()
    found = Stored(
        {
            HERS: {"id": HERS, "user_id": 1, "message_count": 2},
            HIS: {"id": HIS, "user_id": 2, "message_count": 0},
        },
        [_message(0, "user", "caller0-1 says one"), _message(1, "assistant", "You said: caller0-1 says one")],
        {
            "rtc_1_a": _session("rtc_1_a", 1, HERS),
            "rtc_2_b": _session("rtc_2_b", 2, HIS),
        },
    )
    history.note("caller0-1", "asked", session="rtc_1_a", conversation=HERS)
    history.note("caller1-2", "asked", session="rtc_2_b", conversation=HIS)
    history.note("caller0-1", "typed", item="item0", text="caller0-1 says one")
    for row in found.messages:
        told = {name: row[name] for name in ("position", "role", "status", "text")}
        item = str(row["external_id"]).partition(":")[2]
        history.note("caller0-1", "saved", conversation=HERS, message_id=row["id"], item_id=item, **told)
    return history, found


def _message(position: int, role: str, text: str, *, conversation: str = HERS) -> dict[str, object]:
    return {
        "id": f"message {position}",
        "conversation_id": conversation,
        "position": position,
        "role": role,
        "status": "final",
        "text": text,
        "unheard_text": "",
        "external_id": f"rtc_1_a:item{position}",
    }


def _session(session_id: str, user_id: int, conversation: str) -> dict[str, object]:
    return {
        "id": session_id,
        "user_id": user_id,
        "conversation_id": conversation,
        "state": "ended",
        "end_reason": "client",
        "holder": "",
    }


def lost(found: Stored) -> None:
    del found.messages[1]
    found.conversations[HERS]["message_count"] = 1


def other_words(found: Stored) -> None:
    found.messages[0]["text"] = "something else"


def an_answer_with_words_missing(found: Stored) -> None:
    found.messages[1] |= {"text": "You said:", "unheard_text": "caller0-1 says"}


def moved(found: Stored) -> None:
    found.messages[0]["position"], found.messages[1]["position"] = 1, 0


def twice(found: Stored) -> None:
    found.messages.append(found.messages[0] | {"id": "again", "position": 2, "external_id": "rtc_1_a:item2"})
    found.conversations[HERS]["message_count"] = 3


def same_item_twice(found: Stored) -> None:
    found.messages.append(found.messages[1] | {"id": "again", "position": 2})
    found.conversations[HERS]["message_count"] = 3


def gap(found: Stored) -> None:
    found.messages[1]["position"] = 2


def wrong_count(found: Stored) -> None:
    found.conversations[HERS]["message_count"] = 5


def with_the_wrong_person(found: Stored) -> None:
    found.messages.append(
        _message(0, "user", "caller0-1 says two", conversation=HIS) | {"id": "strayed", "external_id": None}
    )
    found.conversations[HIS]["message_count"] = 1


def from_a_foreign_session(found: Stored) -> None:
    found.messages[1]["external_id"] = "rtc_2_b:item1"


def from_nowhere(found: Stored) -> None:
    found.messages[1]["external_id"] = "rtc_9_z:item1"


def without_its_conversation(found: Stored) -> None:
    del found.conversations[HERS]


def still_live(found: Stored) -> None:
    found.sessions["rtc_1_a"]["state"] = "live"


def without_reason(found: Stored) -> None:
    found.sessions["rtc_1_a"]["end_reason"] = ""


def still_held(found: Stored) -> None:
    found.sessions["rtc_2_b"]["holder"] = "worker-1"


BROKEN: dict[Callable[[Stored], None], str] = {
    lost: "is stored (item1), and it is not",
    other_words: "and there stands 'something else'",
    an_answer_with_words_missing: "and there stands 'You said:'",
    moved: "at 0, and it is at 1",
    twice: "was said once and is stored 2 times",
    same_item_twice: "stands 2 times in",
    gap: "are [0, 2]",
    wrong_count: "counts 5 messages and has 2",
    with_the_wrong_person: "stand in a conversation of account 2",
    from_a_foreign_session: "in another conversation than that of rtc_2_b",
    from_nowhere: "was said in no session that there is",
    without_its_conversation: "and no such conversation",
    still_live: "is still live",
    without_reason: "ended without a reason",
    still_held: "is still held by worker-1",
}


def test_nothing_is_found_where_nothing_is_broken() -> None:
    history, found = kept_promises()

    assert violations(history, found, [ALICE, BOB]) == []


def test_an_answer_that_was_not_heard_to_its_end_is_whole_all_the_same() -> None:
    history, found = kept_promises()

    found.messages[1] |= {"text": "You said:", "unheard_text": " caller0-1 says one"}

    assert violations(history, found, [ALICE, BOB]) == []


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda each: each.__name__)
def test_a_broken_promise_is_found(break_it: Callable[[Stored], None]) -> None:
    history, found = kept_promises()

    break_it(found)

    assert any(BROKEN[break_it] in complaint for complaint in violations(history, found, [ALICE, BOB]))


@pytest.mark.parametrize(
    ("state", "holder", "is_found"),
    [
        ("live", "host-with-hyphens-7-ab12", True),
        ("waiting", "host-7-ab12", True),
        ("live", "", True),
        ("live", "host-8-ab12", False),
        ("waiting", "", False),
        ("ended", "", False),
    ],
)
def test_what_a_living_process_keeps_is_told_from_what_a_dead_one_left(
    state: str, holder: str, is_found: bool
) -> None:
    _, found = kept_promises()

    found.sessions["rtc_1_a"] |= {"state": state, "holder": holder}

    assert bool([*held_by(found, {7})]) == is_found


async def test_the_database_is_read_as_callers_saw_it(own: Home, server: Worker, tmp_path: Path) -> None:
    """What the seeded violations cannot show: that the checker reads real rows of a real conversation."""
    history = History()
    async with Caller(own.people[0], server.url, history=history) as caller:
        await caller.call()
        item_id = await caller.type(f"{caller.name} writes")
        await caller.until_saved(item_id)
        await caller.until_answered()
        await caller.speak(speech(f"{caller.name} speaks"))
        await caller.until_answered(answers=2)
        await caller.until(lambda: sum(map(caller.is_saved, caller.saved)) == 4)
        still = violations(history, stored(own.database), own.people)
        mine = stored(own.database).messages_of(caller.conversation_id)
        await caller.leave()
    history.write(tmp_path / "history")

    texts = [row["text"] for row in mine]
    assert texts == [
        f"{each}{caller.name} {verb}" for verb in ("writes", "speaks") for each in ("", "You said: ")
    ]
    assert [complaint for complaint in still if "is still" not in complaint] == []
    assert any("is still live" in complaint for complaint in still)
    assert len((tmp_path / "history").read_text().splitlines()) == len(history.happenings)
