"""What a session owes to those at its ends beside the books: rules 10 to 13 of the audit.

10. A client that stays sees every response that began end once, and is greeted once.
11. A further upstream is told what was said and heard so far: every word once, in its instructions or as an item.
12. Nobody is answered twice: a turn of whose answer something came is not put to the next upstream again.
13. Nobody is left without an answer: who asked last and waits is answered, whatever upstreams came and went.
14. A turn is told forwards only, and never twice as the same: each telling is one that the books take.
"""

from collections import Counter
from collections.abc import Iterator

from realtime.protocol.effects import Turn
from tests.realtime.audit.books import BECOMES, says_more
from tests.realtime.audit.facts import UserTurn
from tests.realtime.audit.life import Life
from tests.realtime.audit.world import Visit

RESPONSE_SECONDS = 20.0
"""No response of these servers takes longer."""
TELLING_SECONDS = 0.5
"""How long an upstream has to live before it can have been told everything."""


def misconduct(visit: Visit) -> Iterator[str]:
    """What a visit's client or upstreams have to complain of."""
    yield from _greetings(visit)
    if visit.came_to_rest:
        yield from _open_responses(visit)
        yield from _unanswered(visit)
    yield from _told_backwards(visit)
    for life in visit.server.lives[1:]:
        yield from _forgotten(visit, life)
    yield from _answered_twice(visit)


def _told_backwards(visit: Visit) -> Iterator[str]:
    latest: dict[str, Turn] = {}
    for _, turn in visit.keeper.told:
        before = latest.get(turn.key or turn.item_id)
        latest[turn.key or turn.item_id] = turn
        if before is not None and not _goes_forwards(before, turn):
            yield f"{turn} was told after {before}"


def _goes_forwards(before: Turn, turn: Turn) -> bool:
    if (before.status, turn.status) == ("interrupted", "interrupted"):
        return before.heard_is_estimated and not turn.heard_is_estimated
    if (before.status, turn.status) == ("failed", "failed"):
        return before != turn  # another upstream, in which it has another id, could not make it out either
    return (before.status, turn.status) in BECOMES or says_more(before, turn)


def _greetings(visit: Visit) -> Iterator[str]:
    greeted = sum(event["type"] == "session.created" for event in visit.person.heard)
    if greeted > 1:
        yield f"the client was greeted {greeted} times"


def _open_responses(visit: Visit) -> Iterator[str]:
    under_way: dict[str, float] = {}
    for event in visit.person.heard:
        if event["type"] == "response.created":
            under_way[event["response"]["id"]] = event["heard_at"]
        elif event["type"] == "response.done":
            ended = event["response"]["id"]
            if ended not in under_way:
                yield f"{ended} ended for the client, and had not begun"
            else:
                del under_way[ended]
    for never_ended, began_at in under_way.items():
        if visit.over_at - began_at > RESPONSE_SECONDS:
            yield f"{never_ended} never ended for the client"


# --- what a further upstream knows ------------------------------------------------------------------------------------


def _forgotten(visit: Visit, life: Life) -> Iterator[str]:
    if not life.is_set_up or (life.over_at is not None and life.over_at - life.set_up_at < TELLING_SECONDS):
        return
    as_items = [word.strip(".") for turn in _told_again(life) for word in turn.words]
    in_words = [
        word for word in life.instructions.replace(".", "").split() if word[0] in "ap" and word[1:].isdigit()
    ]
    for word, times in Counter(as_items + in_words).items():
        if times > 1:
            yield f"life {life.number} was told {word} {times} times"
    known = {*as_items, *in_words}
    for word in _said_by(visit, life.began_at):
        if word not in known:
            yield f"life {life.number} was not told {word}"


def _told_again(life: Life) -> list[UserTurn]:
    """Turns that we put to a life in writing."""
    return [f for f in life.conversation if isinstance(f, UserTurn) and f.is_told_again and not f.is_spoken]


def _said_by(visit: Visit, when: float) -> Iterator[str]:
    """The words that were in the books by then, as far as nothing was to change about them any more."""
    told = visit.keeper.told
    latest = {turn.key or turn.item_id: turn for _, turn in told}
    for at, turn in told:
        if at <= when and turn == latest[turn.key or turn.item_id]:
            yield from turn.text.replace(".", "").split()


# --- answers ----------------------------------------------------------------------------------------------------------


def _answered_twice(visit: Visit) -> Iterator[str]:
    lives: dict[str, set[int]] = {}
    for fact in visit.server.facts():
        if isinstance(fact, UserTurn) and any(answer.words for answer in fact.answers):
            for word in fact.words:
                lives.setdefault(word, set()).add(fact.life)
    for word, answering in lives.items():
        if len(answering) > 1:
            yield f"{word} was answered by lives {sorted(answering)}"


def _unanswered(visit: Visit) -> Iterator[str]:
    last = visit.plan.acts[-1] if visit.plan.acts else None
    if last is None or last.kind not in ("speak", "type"):
        return
    if not (last.asks or (last.kind == "speak" and visit.plan.voice_detection)):
        return
    remark = visit.person.remarks[-1]
    turns = [f for f in visit.server.facts() if isinstance(f, UserTurn) and set(f.words) & set(remark.words)]
    if any(turn.transcripts and not turn.transcript for turn in turns):
        return  # nothing could be made out that anybody could be asked again
    partly = any(answer.words for turn in turns for answer in turn.answers)
    if not partly and not any(at > remark.begun_at for at in visit.server.answered_at):
        yield f"nobody answered {' '.join(remark.words)}"
