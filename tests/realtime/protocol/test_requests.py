"""Requests: whose event it was that upstream refused."""

from realtime.protocol.requests import UNKNOWN, Requests
from tests.support.protocol_session import typed_by_client


def test_an_event_goes_up_under_an_id_of_ours_and_is_known_by_its_senders() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    sent = requests.sent(typed_by_client("Hello", "item_1", event_id="mine"))
    assert sent["event_id"] != "mine"
    request = requests.refused(sent["event_id"])
    assert (request.kind, request.item_id, request.asked_as) == ("conversation.item.create", "item_1", "mine")


def test_events_that_a_client_gave_the_same_id_are_told_apart() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    first = requests.sent({"type": "response.create", "event_id": "same"})
    second = requests.sent({"type": "response.cancel", "event_id": "same"})
    assert requests.refused(first["event_id"]).kind == "response.create"
    assert requests.refused(second["event_id"]).kind == "response.cancel"


def test_a_client_that_gave_no_id_asked_as_nobody() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    assert requests.refused(requests.sent({"type": "response.cancel"})["event_id"]).asked_as is None


def test_what_was_never_sent_is_unknown() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    requests.sent({"type": "response.cancel", "event_id": "mine"})
    assert requests.refused("mine") is UNKNOWN
    assert requests.refused("") is UNKNOWN


def test_an_event_is_refused_once() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    event_id = requests.sent({"type": "response.cancel"})["event_id"]
    requests.refused(event_id)
    assert requests.refused(event_id) is UNKNOWN


def test_old_requests_are_forgotten() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    first = requests.sent({"type": "response.cancel"})
    for _ in range(300):
        last = requests.sent({"type": "response.cancel"})
    assert requests.refused(first["event_id"]) is UNKNOWN
    assert requests.refused(last["event_id"]) is not UNKNOWN


def test_every_id_is_new() -> None:
    requests = Requests("rtc_1_a", epoch=1)
    ids = [requests.new_id(), requests.new_item_id(), requests.new_id(), requests.new_item_id()]
    assert len(set(ids)) == 4


def test_neither_another_session_nor_one_that_was_taken_up_again_uses_item_ids_again() -> None:
    begun = (("rtc_1_a", 1), ("rtc_1_a", 2), ("rtc_1_b", 1))
    ids = [Requests(session_id, epoch).new_item_id() for session_id, epoch in begun]
    assert len(set(ids)) == 3
    assert all(len(each) <= 32 for each in ids), "providers take no longer ones"
