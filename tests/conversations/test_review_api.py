"""The review API: who gets in, what they see, what they may write, and that each look is on record."""

import csv
import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from conversations import reviewing, services
from conversations.exports import FORMATS
from conversations.models import Conversation, Review, TranscriptAccess
from tests.conversations.conftest import Say

pytestmark = pytest.mark.django_db

LIST = "/api/review/conversations/"
Staff = Callable[..., User]


def _client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def staff() -> Staff:
    """Make a member of the staff with permissions named by the verb: `view`, `review`, `export`."""

    def make(name: str, *verbs: str, is_staff: bool = True) -> User:
        user = User.objects.create_user(name, is_staff=is_staff)
        codes = [f"{verb}_conversation" for verb in verbs]
        user.user_permissions.set(Permission.objects.filter(codename__in=codes))
        return user

    return make


@pytest.fixture
def reviewer(staff: Staff) -> User:
    return staff("rita", "view", "review", "export")


@pytest.fixture
def ritas(reviewer: User) -> APIClient:
    return _client_of(reviewer)


def _one(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/"


def _every(conversation_id: object) -> list[tuple[str, str]]:
    one = f"{LIST}{conversation_id}"
    return [
        ("get", LIST),
        ("get", f"{one}/"),
        ("patch", f"{one}/"),
        ("get", f"{one}/messages/"),
        ("get", f"{one}/export?format=txt"),
    ]


def _ask(client: APIClient, method: str, url: str) -> Any:
    return (
        client.get(url)
        if method == "get"
        else getattr(client, method)(url, {"is_flagged": True}, format="json")
    )


def _looks() -> list[tuple[str, str, int, set[uuid.UUID]]]:
    return [
        (
            look.action,
            look.via,
            look.query_length,
            set(look.transcripts.values_list("conversation_id", flat=True)),
        )
        for look in TranscriptAccess.objects.order_by("pk")
    ]


def _seen(response: Any) -> list[str]:
    return [row["id"] for row in response.json()["results"]]


@pytest.mark.parametrize(
    ("is_staff", "verbs"), [(False, ("view", "review", "export")), (True, ()), (True, ("review", "export"))]
)
def test_for_whoever_may_not_view_there_is_nothing_at_any_of_its_addresses(
    staff: Staff, conversation: Conversation, is_staff: bool, verbs: tuple[str, ...]
) -> None:
    client = _client_of(staff("sam", *verbs, is_staff=is_staff))
    nowhere = client.get("/api/no-such-address/")
    for key in (conversation.pk, uuid.uuid4(), "no-id"):
        for method, url in [*_every(key), ("put", f"{LIST}{key}/"), ("options", LIST)]:
            response = _ask(client, method, url)
            assert (response.status_code, response.json()) == (404, nowhere.json()), (method, url)
    assert not TranscriptAccess.objects.exists()
    assert not Review.objects.exists()


def test_its_owner_is_no_reviewer(alice: User, conversation: Conversation) -> None:
    assert _client_of(alice).get(_one(conversation)).json()["code"] == "not_found"


def test_nobody_is_served_without_signing_in(conversation: Conversation) -> None:
    for method, url in _every(conversation.pk):
        response = getattr(Client(), method)(url)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated"), url


def test_who_may_only_look_is_told_that_they_may_not_write_or_export(
    staff: Staff, conversation: Conversation, say: Say
) -> None:
    say()
    client = _client_of(staff("vera", "view"))
    assert client.get(_one(conversation)).status_code == 200
    before = _looks()
    for response in (
        client.patch(_one(conversation), {"is_flagged": True}, format="json"),
        client.get(f"{_one(conversation)}export?format=txt"),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert _looks() == before
    assert not Review.objects.exists()


def test_a_conversation_that_is_not_there_is_named_as_such_to_a_reviewer(ritas: APIClient) -> None:
    for key in (uuid.uuid4(), "no-id"):
        for method, url in _every(key)[1:]:
            response = _ask(ritas, method, url)
            assert (response.status_code, response.json()["code"]) == (404, "conversation_not_found"), url
    assert not TranscriptAccess.objects.exists()


def test_everybodys_conversations_are_listed_with_whose_they_are_and_their_review(
    ritas: APIClient, reviewer: User, bob: User, conversation: Conversation, say: Say
) -> None:
    say("My knee hurts")
    bobs = services.create_conversation(user=bob, title="Sleep")
    say(conversation_id=bobs.pk)
    reviewing.flag(conversation=bobs, by=reviewer)
    rows = ritas.get(LIST).json()["results"]
    assert [(row["user"], row["title"], row["is_flagged"]) for row in rows] == [
        ("bob", "Sleep", True),
        ("alice", "My knee hurts", False),
    ]
    untouched = {
        key: rows[1][key] for key in ("is_reviewed", "reviewed_at", "reviewed_messages", "reviewer", "notes")
    }
    assert untouched == {
        "is_reviewed": False,
        "reviewed_at": None,
        "reviewed_messages": 0,
        "reviewer": None,
        "notes": "",
    }


@pytest.fixture
def four(alice: User, bob: User, reviewer: User, say: Say) -> dict[str, str]:
    """Alice's and Bob's, flagged, reviewed, both or neither: their ids by name."""
    made = {}
    for owner, name in ((alice, "neither"), (alice, "flagged"), (bob, "reviewed"), (bob, "both")):
        each = services.create_conversation(user=owner, title=name)
        say(f"words of {name}", conversation_id=each.pk)
        if name in ("flagged", "both"):
            reviewing.flag(conversation=each, by=reviewer)
        if name in ("reviewed", "both"):
            reviewing.mark_reviewed(conversation=each, by=reviewer)
        made[str(each.pk)] = name
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"neither", "flagged", "reviewed", "both"}),
        ({"flagged": "true"}, {"flagged", "both"}),
        ({"flagged": "false"}, {"neither", "reviewed"}),
        ({"reviewed": "false"}, {"neither", "flagged"}),
        ({"flagged": "true", "reviewed": "true"}, {"both"}),
        ({"user": "bob"}, {"reviewed", "both"}),
        ({"user": "bo"}, set()),
        ({"q": "WORDS neither"}, {"neither"}),
        ({"q": "words", "user": "alice", "flagged": "false"}, {"neither"}),
    ],
)
def test_the_filters_narrow_the_list_together(
    ritas: APIClient, four: dict[str, str], query: dict[str, str], names: set[str]
) -> None:
    assert {four[key] for key in _seen(ritas.get(LIST, query))} == names


def test_a_conversation_that_went_on_since_its_review_is_to_be_read_again(
    ritas: APIClient, reviewer: User, conversation: Conversation, say: Say
) -> None:
    say()
    reviewing.mark_reviewed(conversation=conversation, by=reviewer)
    assert _seen(ritas.get(LIST, {"reviewed": "true"})) == [str(conversation.pk)]
    say("one more thing")
    assert _seen(ritas.get(LIST, {"reviewed": "true"})) == []
    [row] = ritas.get(LIST, {"reviewed": "false"}).json()["results"]
    assert (row["is_reviewed"], row["reviewed_messages"], row["message_count"]) == (False, 1, 2)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"flagged": "perhaps"}, "flagged"),
        ({"user": "nul \0"}, "user"),
        ({"q": "x" * 201}, "q"),
        ({"cursor": "made up"}, "cursor"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_name_and_shows_nothing(
    ritas: APIClient, conversation: Conversation, query: dict[str, str], field: str
) -> None:
    response = ritas.get(LIST, query)
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])
    assert not TranscriptAccess.objects.exists()


def test_each_page_of_a_list_is_a_look_at_what_is_on_it(ritas: APIClient, four: dict[str, str]) -> None:
    first = ritas.get(LIST, {"page_size": 3})
    second = ritas.get(first.json()["next"])
    assert set(_seen(first) + _seen(second)) == set(four)
    assert _looks() == [
        ("list", "api", 0, {uuid.UUID(key) for key in _seen(page)}) for page in (first, second)
    ]


def test_a_search_is_recorded_by_its_length_and_what_it_found_also_when_that_is_nothing(
    ritas: APIClient, four: dict[str, str]
) -> None:
    found = ritas.get(LIST, {"q": "both"})
    ritas.get(LIST, {"q": "nobody said this"})
    assert _looks() == [
        ("search", "api", 4, {uuid.UUID(key) for key in _seen(found)}),
        ("search", "api", 16, set()),
    ]


def test_the_messages_are_the_record_as_it_is_kept(
    ritas: APIClient, conversation: Conversation, say: Say
) -> None:
    say("Tell me a story")
    say("", hidden=True)
    say("Once upon", role="assistant", status="interrupted", unheard_text=" a time.")
    rows = ritas.get(f"{_one(conversation)}messages/").json()["results"]
    assert [(row["position"], row["text"], row["unheard_text"], row["hidden"]) for row in rows] == [
        (0, "Tell me a story", "", False),
        (1, "", "", True),
        (2, "Once upon", " a time.", False),
    ]
    assert _looks() == [("view", "api", 0, {conversation.pk})]


def test_flag_review_and_notes_are_written_together_and_what_is_left_out_stays(
    ritas: APIClient, conversation: Conversation, say: Say
) -> None:
    say()
    told = ritas.patch(
        _one(conversation),
        {"is_flagged": True, "is_reviewed": True, "notes": "Seen.\n\n= fine"},
        format="json",
    ).json()
    assert (told["is_flagged"], told["is_reviewed"], told["reviewed_messages"]) == (True, True, 1)
    assert (told["reviewer"], told["notes"]) == ("rita", "Seen.\n\n= fine")
    told = ritas.patch(_one(conversation), {"is_reviewed": False}, format="json").json()
    assert (told["is_flagged"], told["is_reviewed"], told["reviewed_at"]) == (True, False, None)
    assert told["notes"] == "Seen.\n\n= fine"
    told = ritas.patch(_one(conversation), {"is_flagged": False, "notes": ""}, format="json").json()
    assert told == ritas.get(_one(conversation)).json()
    assert (told["is_flagged"], told["notes"]) == (False, "")


def test_whoever_says_nothing_of_a_conversation_has_not_written_on_it(
    ritas: APIClient, conversation: Conversation
) -> None:
    assert ritas.patch(_one(conversation), {}, format="json").json()["reviewer"] is None
    assert not Review.objects.exists()


def test_the_answer_to_a_change_shows_the_title_and_so_is_a_look(
    ritas: APIClient, conversation: Conversation
) -> None:
    ritas.patch(_one(conversation), {"is_flagged": True}, format="json")
    assert _looks() == [("view", "api", 0, {conversation.pk})]


@pytest.mark.parametrize(
    "body",
    [{"is_flagged": "perhaps"}, {"notes": "x" * 10_001}, {"title": "Mine"}, {"is_reviewed": None}, ["list"]],
)
def test_a_change_that_cannot_be_changes_and_shows_nothing(
    ritas: APIClient, conversation: Conversation, body: Any
) -> None:
    response = ritas.patch(_one(conversation), body, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert not Review.objects.exists()
    assert not TranscriptAccess.objects.exists()


def test_of_two_reviewers_who_read_the_same_the_second_one_is_told(
    ritas: APIClient, conversation: Conversation
) -> None:
    read = ritas.get(_one(conversation)).headers["ETag"]
    first, second = (
        ritas.patch(_one(conversation), {"notes": notes}, format="json", headers={"If-Match": read})
        for notes in ("the first", "the second")
    )
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert Review.objects.get().notes == "the first"
    assert len(_looks()) == 2


def test_an_answer_that_nothing_has_changed_is_a_look_too(
    ritas: APIClient, conversation: Conversation
) -> None:
    read = ritas.get(_one(conversation)).headers["ETag"]
    again = ritas.get(_one(conversation), headers={"If-None-Match": read})
    assert (again.status_code, again.content) == (304, b"")
    assert _looks() == [("view", "api", 0, {conversation.pk})] * 2


def test_asking_for_the_headers_alone_is_a_look_since_their_length_tells_what_was_found(
    ritas: APIClient, four: dict[str, str]
) -> None:
    found = next(key for key, name in four.items() if name == "both")
    lengths = [
        ritas.head(LIST, {"q": words}).headers["Content-Length"] for words in ("both", "nobody said this")
    ]
    for url in (f"{LIST}{found}/", f"{LIST}{found}/messages/", f"{LIST}{found}/export?format=txt"):
        assert (ritas.head(url).status_code, ritas.head(url).getvalue()) == (200, b"")
    key = uuid.UUID(found)
    assert lengths[0] != lengths[1]
    assert _looks() == [
        ("search", "api", 4, {key}),
        ("search", "api", 16, set()),
        *[("view", "api", 0, {key})] * 4,
        *[("export", "api", 0, {key})] * 2,
    ]


@pytest.mark.parametrize("name", [*FORMATS, "csv"])
def test_an_export_is_recorded_and_holds_what_was_said(
    ritas: APIClient, conversation: Conversation, say: Say, name: str
) -> None:
    say("My knee hurts")
    response = ritas.get(f"{_one(conversation)}export?format={name}", headers={"Accept": "text/plain"})
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "My knee hurts" in response.getvalue().decode()
    assert _looks() == [("export", "api", 0, {conversation.pk})]


def test_no_cell_of_an_exported_table_is_a_formula(
    ritas: APIClient, conversation: Conversation, say: Say
) -> None:
    say('=HYPERLINK("http://evil.example")')
    response = ritas.get(f"{_one(conversation)}export?format=csv")
    cells = [cell for row in csv.reader(io.StringIO(response.getvalue().decode())) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize("query", ["", "?format=exe"])
def test_an_export_in_no_format_there_is_shows_nothing(
    ritas: APIClient, conversation: Conversation, query: str
) -> None:
    response = ritas.get(f"{_one(conversation)}export{query}")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["format"])
    assert not TranscriptAccess.objects.exists()


def test_a_look_names_who_looked_and_from_where(
    ritas: APIClient, reviewer: User, conversation: Conversation
) -> None:
    ritas.get(_one(conversation), REMOTE_ADDR="2001:db8::7")
    look = TranscriptAccess.objects.get()
    assert (look.actor_id, look.address) == (reviewer.pk, "2001:db8::7")
    assert list(look.transcripts.values_list("owner_id", flat=True)) == [conversation.user_id]


def test_superusers_are_recorded_like_everybody(admin_user: User, conversation: Conversation) -> None:
    assert _client_of(admin_user).get(_one(conversation)).status_code == 200
    assert TranscriptAccess.objects.get().actor_id == admin_user.pk


def test_no_look_takes_more_than_a_dozen_queries(
    ritas: APIClient, four: dict[str, str], say: Say, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    conversation_id = next(iter(four))
    for _ in range(20):
        say(conversation_id=conversation_id)
    for url in (f"{LIST}?q=words", *(url for method, url in _every(conversation_id) if method == "get")):
        with django_assert_max_num_queries(12):
            response = ritas.get(url)
            assert b"".join(response) and response.status_code == 200, url


def test_a_change_of_everything_takes_few_queries(
    ritas: APIClient, conversation: Conversation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    read = ritas.get(_one(conversation)).headers["ETag"]
    everything = {"is_flagged": True, "is_reviewed": True, "notes": "Seen."}
    with django_assert_max_num_queries(13):
        response = ritas.patch(_one(conversation), everything, format="json", headers={"If-Match": read})
    assert response.status_code == 200
