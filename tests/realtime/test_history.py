"""The ledger of a session: the database, patiently."""

import logging
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone

from conversations.models import Message
from realtime import services
from realtime.executors import in_database
from realtime.history import DatabaseLedger, Patience
from realtime.models import VoiceSession
from realtime.prices import Price
from realtime.protocol.effects import Turn
from tests.support.sessions import CONFIG, issue, lost, opened, row_of


class Database:
    """A database that is away for the first `fails` tries."""

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.tries = 0

    async def write(self) -> str:
        self.tries += 1
        if self.tries <= self.fails:
            raise OperationalError("the database is away")
        return "written"


async def test_words_wait_until_the_database_is_back(caplog: pytest.LogCaptureFixture) -> None:
    database = Database(fails=3)
    with caplog.at_level(logging.WARNING):
        assert await Patience((0.0, 0.0, 0.0)).write(database.write) == "written"
    assert database.tries == 4
    assert "the database is away" in caplog.text


async def test_after_the_last_try_its_own_error_is_raised() -> None:
    database = Database(fails=100)
    with pytest.raises(OperationalError):
        await Patience((0.0, 0.0, 0.0)).write(database.write)
    assert database.tries == 4


async def test_once_patience_was_of_no_use_the_rest_is_tried_once_each_until_one_succeeds() -> None:
    patience, away, back, away_again = (
        Patience((0.0, 0.0)),
        Database(fails=100),
        Database(fails=0),
        Database(fails=1),
    )
    for expected in (3, 4, 5):
        with pytest.raises(OperationalError):
            await patience.write(away.write)
        assert away.tries == expected
    await patience.write(back.write)
    assert await patience.write(away_again.write) == "written"


async def test_another_error_is_not_waited_out() -> None:
    tries = []

    async def broken() -> None:
        tries.append(1)
        raise LookupError

    with pytest.raises(LookupError):
        await Patience((0.0, 0.0)).write(broken)
    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
class TestInTheDatabase:
    async def test_a_turn_is_dated_to_when_it_was_said(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        ledger = DatabaseLedger(session, CONFIG)
        saved = await ledger.record_turn(Turn("item_1", "user", "audio", "final", "Hello"), 10.0)
        message = await in_database(Message.objects.get)()
        assert saved is not None
        assert (saved.message_id, saved.position) == (str(message.pk), 0)
        assert 9 < (timezone.now() - message.spoken_at).total_seconds() < 15

    async def test_a_turn_of_the_future_is_dated_to_now(self, alice: User) -> None:
        ledger = DatabaseLedger(await in_database(opened)(alice), CONFIG)
        await ledger.record_turn(Turn("item_1", "user", "audio", "final", "Hello"), -60.0)
        assert (await in_database(Message.objects.get)()).spoken_at <= timezone.now()

    async def test_a_session_that_is_somebody_elses_now_is_told_so(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        ledger = DatabaseLedger(session, CONFIG)
        await in_database(services.end_session)(session=session, reason="replaced")
        assert await ledger.record_turn(Turn("item_1", "user", "audio", "final", "Hello"), 0.0) is None
        assert await ledger.renew() == "replaced"

    async def test_usage_is_written_down_with_what_it_costs_at_that_time(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        prices = (Price("gpt-realtime-2.1", text_out=24.0), Price("gpt-transcribe", minute=0.6))
        spent = {"output_tokens": 1000, "output_token_details": {"text_tokens": 1000}}
        ledger = DatabaseLedger(session, replace(CONFIG, prices=prices))
        await ledger.record_usage(spent)
        await ledger.record_usage({"transcription": {"seconds": 30}})
        assert (await in_database(row_of)(session)).cost_usd == pytest.approx(0.324)
        dearer = DatabaseLedger(session, replace(CONFIG, prices=(Price("gpt-realtime-2.1", text_out=48.0),)))
        assert (await in_database(row_of)(session)).cost_usd == pytest.approx(0.324)
        await dearer.record_usage(spent)
        assert (await in_database(row_of)(session)).cost_usd is None, (
            "nobody knows what the transcriber costs"
        )

    async def test_where_no_price_is_known_there_is_no_cost(self, alice: User) -> None:
        config = replace(CONFIG, provider="embedded", api_key="", prices=())
        session = await in_database(opened)(alice, config)
        await DatabaseLedger(session, config).record_usage({"output_tokens": 12})
        row = await in_database(row_of)(session)
        assert (row.usage, row.cost_usd) == ({"output_tokens": 12}, None)

    async def test_how_long_answers_took_to_sound_is_kept_as_median_and_slowest(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        assert _waits(await in_database(row_of)(session)) == (0, None, None)
        ledger = DatabaseLedger(session, CONFIG)
        for milliseconds in (900, 300, 500, 400):
            await ledger.record_first_audio(milliseconds)
        assert _waits(await in_database(row_of)(session)) == (4, 450, 900)

    async def test_a_session_that_is_taken_up_elsewhere_goes_on_with_its_figures(self, alice: User) -> None:
        first = await in_database(lost)(alice)
        await DatabaseLedger(first, CONFIG).record_first_audio(2000)
        issued = await in_database(issue)(alice, resume_session_id=first.pk)
        second = await in_database(services.redeem_ticket)(issued.ticket.secret, config=CONFIG)
        ledger = DatabaseLedger(second, CONFIG)
        await ledger.record_first_audio(400)
        await ledger.record_first_audio(500)
        await DatabaseLedger(first, CONFIG).record_first_audio(9000)  # too late: it is somebody else's now
        assert _waits(await in_database(row_of)(second)) == (3, 500, 2000)

    async def test_usage_and_the_end_are_written_down(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        ledger = DatabaseLedger(session, CONFIG)
        await ledger.record_usage({"total_tokens": 7})
        assert await ledger.renew() is None
        await ledger.end("idle")
        row = await in_database(row_of)(session)
        assert (row.usage, row.state, row.end_reason) == ({"total_tokens": 7}, "ended", "idle")

    async def test_a_password_changed_since_the_session_was_opened_is_noticed(self, alice: User) -> None:
        ledger = DatabaseLedger(await in_database(opened)(alice), CONFIG)
        await in_database(User.objects.filter(pk=alice.pk).update)(password="another one")
        assert await ledger.renew() == "signed_out"

    async def test_how_long_the_person_may_go_on_talking_is_known(self, alice: User) -> None:
        session = await in_database(opened)(alice)
        limited = replace(CONFIG, minutes_per_day=1)
        left = await DatabaseLedger(session, limited).surely_left()
        assert left is not None
        assert 25 < left <= 30, "two sessions at once may use it up"
        assert await DatabaseLedger(session, CONFIG).surely_left() is None

    async def test_a_session_whose_row_is_gone_ends(self, alice: User) -> None:
        ledger = DatabaseLedger(await in_database(opened)(alice), CONFIG)
        await in_database(VoiceSession.objects.all().delete)()
        assert await ledger.renew() == "erased"


def _waits(row: VoiceSession) -> tuple[int, int | None, int | None]:
    return row.answers, row.first_audio_ms, row.slowest_first_audio_ms
