"""A relay that is asked for a sign of life."""

from tests.support.relay_stage import staged


async def test_a_ping_is_answered_while_upstream_is_away_and_what_came_before_it_still_waits() -> None:
    async with staged(announces=True) as stage:
        await stage.ready()
        stage.upstream.door.shut()
        stage.upstream.drop(1006)
        await stage.until(lambda: stage.upstream.door.waiting)
        await stage.types("Hello", "item_1")
        await stage.client("voiceassist.ping", id="p1")
        await stage.until(lambda: stage.audience.events("voiceassist.pong"))
        assert [pong["id"] for pong in stage.audience.events("voiceassist.pong")] == ["p1"]
        assert stage.upstream.kinds() == []
        stage.upstream.door.open()
        await stage.until(lambda: stage.upstream.kinds() == ["conversation.item.create"])
