"""What has to be in the books after a session, told from the facts alone.

The rules, as a person would put them:

1.  Every word stands once: a word that was said, and whose sound or text we were given, stands in one row.
2.  A typed message is a row as soon as it was handed over to us, whatever became of upstream.
3.  A spoken turn is a row once upstream said that it is one. Its words are the first final ones we were given. Nothing
    made out: "failed". Nothing said: a hidden row. Nobody spoke (an idle nudge): no row.
4.  What upstream took with it unheard is said again to the next upstream, and stays the turn that it was.
5.  An answer is a row once a word or a sound of it was given to us. All words of it that we were given are in its row,
    heard or unheard. Items without either, tools and what a server announces again are no rows.
6.  Rows stand in the order of upstream's conversation, one upstream after the other.
7.  An answer that was given in full and that nobody cut short is final. One that was cut short is interrupted, and what
    was heard of it is what the player played, to the word that was sounding; upstream's own word for it comes first.
    One that broke off is interrupted, too; all of it that came was heard, unless the player was stopped.
8.  Who has lost the session to somebody else writes nothing any more.
9.  At the end nothing is pending, nothing runs, every connection is closed, and all usage is counted.

Rules 10 to 14 are in `conduct`. The rows are matched with what is expected in order; what is expected may be optional,
what is there may not be.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from tests.realtime.audit.books import Row
from tests.realtime.audit.conduct import misconduct
from tests.realtime.audit.facts import Answer, Remark, Stop, UserTurn
from tests.realtime.audit.hearing import is_told_truly
from tests.realtime.audit.world import Story, Visit

PARTING_SECONDS = 20.0
"""How long a session that we ended may take to save what was said, while the client still plays what it has."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A row that has to be there, or may be."""

    says: str
    fits: Callable[[Row], bool]
    is_optional: bool = False


def complaints(story: Story) -> list[str]:
    """What is wrong with the books; empty when they are true."""
    found = [*_pending(story), *_doubled(story), *_lost(story)]
    found += _written_after_the_takeover(story)
    expected = [each for visit in story.visits for each in expectations(visit)]
    found += _out_of_place(story.books.rows, expected)
    for visit in story.visits:
        found += [*_untidy(visit, alone=len(story.visits) == 1), *misconduct(visit)]
    return found


def words_of(row: Row) -> list[str]:
    """All words of a row, heard or not."""
    return f"{row.text} {row.unheard_text}".replace(".", "").split()


# --- every word once --------------------------------------------------------------------------------------------------


def _pending(story: Story) -> Iterator[str]:
    for row in story.books.rows:
        if row.status == "pending":
            yield f"{row.key} is pending for ever"


def _doubled(story: Story) -> Iterator[str]:
    counted = Counter(word for row in story.books.rows for word in words_of(row))
    for word, times in counted.items():
        if times > 1:
            yield f"doubled: {word} stands {times} times"


def _lost(story: Story) -> Iterator[str]:
    written = {word for row in story.books.rows for word in words_of(row)}
    for visit in story.visits:
        for word in words_to_be_kept(visit):
            if word not in written:
                yield f"lost: {word} of visit {visit.number}"


def words_to_be_kept(visit: Visit) -> Iterator[str]:
    """The words of a visit of which nothing excuses the loss."""
    if visit.lost_at is not None:
        return
    for remark in visit.person.remarks:
        heard = [turn for turn in user_turns(visit) if set(turn.words) & set(remark.words)]
        for word in remark.words:
            if word in remark.given_at and _has_to_be_kept(visit, remark, word, heard):
                yield word


def _has_to_be_kept(visit: Visit, remark: Remark, word: str, heard: list[UserTurn]) -> bool:
    if not remark.is_spoken:
        return visit.was_left or bool(heard)
    turns = [turn for turn in heard if word in turn.words]
    if any(turn.closed_at is not None and word in (turn.transcript or ()) for turn in turns):
        return True
    # Whether anybody ought to have heard it at all: only if there was time for it.
    if not visit.came_to_rest or any(turn.closed_at is not None for turn in turns):
        return False
    return not _was_said_to_nobody(visit, remark.given_at[word])


def _was_said_to_nobody(visit: Visit, at: float) -> bool:
    """Whether upstream had fallen silent without hanging up, and was left in good time before that was noticed."""
    lives = visit.server.lives
    following = [life.began_at for life in lives[1:]] + [visit.over_at]
    return visit.plan.expires_in is not None and any(
        life.is_mute and life.began_at <= at <= until for life, until in zip(lives, following, strict=True)
    )


def user_turns(visit: Visit) -> list[UserTurn]:
    """The turns that some upstream had of the user, idle nudges left out."""
    return [
        fact
        for fact in visit.server.facts()
        if isinstance(fact, UserTurn) and not fact.is_nudge and fact.is_closed
    ]


def _written_after_the_takeover(story: Story) -> Iterator[str]:
    by_the_first = [row for row in story.books.rows if row.visit == 1] if len(story.visits) > 1 else []
    for row, before in zip_longest(by_the_first, story.at_takeover):
        never_came = before is not None and replace(before, status="failed")
        if row != before and not (before is not None and before.status == "pending" and row == never_came):
            yield f"the first visit wrote {row} when it had lost the session; there was {before}"


# --- in their places --------------------------------------------------------------------------------------------------


def _out_of_place(rows: list[Row], expected: list[Expected]) -> list[str]:
    """Match rows and expectations in order; say how far that works."""
    reached = {0}
    best = (0, 0)
    for index, row in enumerate(rows):
        following = set()
        for place in reached:
            following |= {after + 1 for after in _skipping(expected, place) if expected[after].fits(row)}
        if not following:
            awaited = [expected[after].says for after in _skipping(expected, min(reached))][:4]
            return [f"row {index} is misplaced or untrue: {row}; expected there: {awaited}"]
        reached, best = following, (index, min(following))
    if any(all(each.is_optional for each in expected[place:]) for place in reached):
        return []
    missing = next(each.says for each in expected[max(reached) :] if not each.is_optional)
    return [f"after row {best[0]} there is missing: {missing}"]


def _skipping(expected: list[Expected], place: int) -> Iterator[int]:
    """The expectations that may be met next: those up to the first that may not be passed over."""
    for index in range(place, len(expected)):
        yield index
        if not expected[index].is_optional:
            return


def expectations(visit: Visit) -> Iterator[Expected]:
    """The rows of a visit in order."""
    loosely = visit.lost_at is not None
    for fact in visit.server.facts():
        if isinstance(fact, Answer):
            yield from _of_answer(visit, fact, loosely)
        elif fact.is_closed and not fact.is_nudge:
            yield from _of_turn(visit, fact, loosely)
    for remark in visit.person.remarks:
        announced = any(set(t.words) & set(remark.words) and t.closed_at for t in user_turns(visit))
        if not remark.is_spoken and remark.given_at and not announced:
            words = " ".join(remark.words)
            is_optional = loosely or not visit.was_left
            yield Expected(f"unannounced {words!r}", _typed(words), is_optional)


def _of_turn(visit: Visit, turn: UserTurn, loosely: bool) -> Iterator[Expected]:
    """The same turn may have been put to several upstreams; it stands where the first one had it."""
    same = [each for each in user_turns(visit) if each.sounds & turn.sounds]
    closed = [each for each in same if each.closed_at is not None]
    if not closed or closed[0] is not turn:
        return
    place = f"of life {turn.life}: {' '.join(turn.words)!r}"
    kept = next((each for each in closed if not each.is_spoken or each.transcript), None)
    if kept is None:
        yield Expected(f"wordless {place}", _wordless, loosely)
    elif turn.is_spoken:
        yield Expected(f"spoken {place}", _spoken(" ".join(kept.transcript or kept.words)), loosely)
        if loosely:
            yield Expected(f"fenced {place}", _wordless, is_optional=True)
            yield Expected(f"begun {place}", _spoken(turn.words[0] if turn.words else ""), is_optional=True)
    else:
        yield Expected(f"typed {place}", _typed(" ".join(turn.words)), loosely)


def _typed(words: str) -> Callable[[Row], bool]:
    return lambda row: (row.role, row.modality, row.status, row.text) == ("user", "text", "final", words)


def _spoken(words: str) -> Callable[[Row], bool]:
    def fits(row: Row) -> bool:
        said = row.text.replace(".", "")
        known = (row.role, row.modality, row.status, said, row.hidden)
        return known == ("user", "audio", "final", words, False)

    return fits


def _wordless(row: Row) -> bool:
    says_nothing = not row.text and not row.unheard_text
    return row.role == "user" and says_nothing and (row.hidden or row.status == "failed")


def _of_answer(visit: Visit, answer: Answer, loosely: bool) -> Iterator[Expected]:
    said = " ".join(answer.words)
    playing = visit.person.player.playing
    stop: Stop | None = playing.stops.get(answer.words[0]) if answer.words else None
    if _was_parted_from(visit, answer, stop) or _is_ambiguous(visit, answer):
        stop = Stop(visit.over_at, (), 0, is_uncertain=True)
    if answer.received_bytes and not playing.given & set(answer.words):
        stop = Stop(visit.over_at, (), 0, by_voice=True)  # it came when nobody was there any more
    if said:
        yield Expected(
            f"answer of life {answer.life}: {said!r}, {stop}",
            lambda row: (
                row.role == "assistant"
                and words_of(row) == answer.words
                and (loosely or is_told_truly(row, answer, stop))
            ),
            loosely,
        )
    if loosely or not said:
        # Its place may have been told before it was known that there is nothing in it.
        yield Expected(
            "an empty answer", lambda row: row.role == "assistant" and not words_of(row), is_optional=True
        )


def _was_parted_from(visit: Visit, answer: Answer, stop: Stop | None) -> bool:
    """Whether we ended the session ourselves, a while before the client was silent, while this may have sounded."""
    lately = visit.over_at - PARTING_SECONDS
    is_late = answer.sound_from is not None and answer.sound_from > lately
    return not visit.was_left and is_late and (stop is None or (stop.reported_at or 0.0) > lately)


def _is_ambiguous(visit: Visit, answer: Answer) -> bool:
    """Whether a player's late report names an id that upstreams of two lives use, so that it can mean either item."""
    ends = [life.over_at for life in visit.server.lives]
    stops = visit.person.player.playing.stops
    answers = [fact for fact in visit.server.facts() if isinstance(fact, Answer) and fact.words]
    late = [
        each.life
        for each in answers
        if each.words[0] in stops
        and (stops[each.words[0]].reported_at or 0.0) > (ends[each.life - 1] or visit.over_at)
    ]
    return visit.plan.habits.repeats_ids and any(answer.life >= life for life in late)


# --- nothing left over ------------------------------------------------------------------------------------------------


def _untidy(visit: Visit, *, alone: bool) -> Iterator[str]:
    if alone and visit.left_running:
        yield f"left running: {visit.left_running}"
    for life in visit.server.lives:
        if not life.is_left:
            yield f"the connection of life {life.number} was never closed"
    if visit.lost_at is None:
        counted = visit.keeper.usage.get("total_tokens", 0)
        if counted != visit.server.tokens:
            yield f"{counted} tokens are counted, {visit.server.tokens} were told"
    yield from visit.person.player.playing.misattributed
