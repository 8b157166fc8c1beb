"""What happened in a session, by name: an audit of sessions in which nothing happens would prove nothing."""

from collections.abc import Iterator

from tests.realtime.audit.world import Story, Visit


def ingredients(story: Story) -> Iterator[str]:
    """One name for each thing that happened."""
    yield "session"
    if len(story.visits) > 1:
        yield "takeover"
    if story.books.refused:
        yield "write refused after a takeover"
    for row in story.books.rows:
        yield f"row {row.status}"
        if row.hidden:
            yield "hidden row"
        if row.status == "interrupted" and not row.is_estimated and row.unheard_text:
            yield "heard as the player reported"
    for visit in story.visits:
        yield from _of_visit(visit)


def _of_visit(visit: Visit) -> Iterator[str]:
    yield f"ended: {visit.ended.reason if visit.ended else 'cancelled'}"
    if visit.came_to_rest:
        yield "came to rest"
    for _, turn in visit.keeper.told:
        if turn.status == "pending":
            yield "place held for words to come"
    for event in visit.person.heard:
        if event["type"] == "voiceassist.reconnecting":
            yield f"reconnecting: {event['reason']}"
    for life in visit.server.lives:
        yield "upstream"
        if life.closed is not None and not life.is_mute:
            yield f"upstream closed: {life.closed.closed_with}"
        if any(getattr(fact, "is_told_again", False) for fact in life.conversation):
            yield "said again to another upstream"
