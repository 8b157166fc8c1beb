"""Nothing that somebody says becomes a turn, a tag, a link, a cue or a formula of a file."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conversations import exports, services
from conversations.models import Conversation, Message
from tests.support import webvtt
from tests.support.hostile_texts import HOSTILE_TEXTS

pytestmark = pytest.mark.django_db

_TURN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  (?:You|Assistant), ")
_FORMULA_SIGNS = tuple("=+-@＝＋－＠\t\r\n")

# Also the marks that matter to a format, more often than chance would have it.
_anything = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("<>&-=+@\n\r\t#*_[]()!`:.'\"\\ "),
    max_size=60,
)


@pytest.fixture
def hostile(alice: User) -> Conversation:
    """All of the corpus as words of the person and as words of the assistant, half heard."""
    conversation = _with(alice, HOSTILE_TEXTS[0], HOSTILE_TEXTS)
    return conversation


def _with(user: User, title: str, texts: tuple[str, ...]) -> Conversation:
    conversation = services.create_conversation(user=user, title=title[:120])
    for text in texts:
        for role in Message.Role:
            services.append_message(
                conversation_id=conversation.pk,
                role=role,
                modality="text",
                status="interrupted",
                text=text,
                unheard_text=text,
                spoken_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
            )
    conversation.refresh_from_db()
    return conversation


def _file(conversation: Conversation, name: str) -> str:
    return "".join(exports.FORMATS[name].write(conversation))


def _stored(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.order_by("position"))


def _rows(conversation: Conversation) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(exports.as_csv([conversation])), newline="")))


# --- What each format promises of whatever was said -------------------------------------------------------------------


def _check_text(conversation: Conversation) -> None:
    lines = _file(conversation, "txt").split("\n")
    own = [line for line in lines[3:] if line and not line.startswith("    ")]
    turns = [line for line in own if line != "  Not heard:"]
    assert all(map(_TURN.match, turns))
    assert len(turns) == len(_stored(conversation))
    assert lines[0].startswith("Title: ")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", "".join(lines))


def _check_markdown(conversation: Conversation) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(_file(conversation, "md"))
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    assert kinds <= {"heading", "paragraph", "inline", "blockquote"}
    quoted = 0
    for token in tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        inline = {child.type for child in token.children or ()}
        assert inline <= {"text", "text_special"} | (
            set() if quoted else {"strong_open", "strong_close", "em_open", "em_close"}
        )
    assert sum(token.type == "heading_open" for token in tokens) == 1


def _check_subtitles(conversation: Conversation) -> None:
    cues = webvtt.read(_file(conversation, "vtt"))
    stored = _stored(conversation)
    assert [cue.voice for cue in cues] == [
        {"user": "You", "assistant": "Assistant"}[each.role] for each in stored
    ]
    for cue, message in zip(cues, stored, strict=True):
        heard = cue.text.removesuffix(cue.classed) if cue.classed else cue.text
        assert _letters(heard) == _letters(message.text)


def _check_json(conversation: Conversation) -> None:
    document = json.loads(_file(conversation, "json"))
    assert document["title"] == conversation.title
    assert [(each["text"], each["unheard_text"]) for each in document["messages"]] == [
        (message.text, message.unheard_text) for message in _stored(conversation)
    ]


def _check_table(conversation: Conversation) -> None:
    rows = _rows(conversation)
    stored = _stored(conversation)
    assert [int(row["position"]) for row in rows] == [message.position for message in stored]
    for row, message in zip(rows, stored, strict=True):
        assert row["conversation_id"] == str(conversation.pk)
        for cell, said in ((row["text"], message.text), (row["unheard_text"], message.unheard_text)):
            assert not cell.startswith(_FORMULA_SIGNS)
            assert not cell.lstrip(' "\u200b\ufeff').startswith(_FORMULA_SIGNS)
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", cell)
            assert _letters(cell) in (_letters(said), f"'{_letters(said)}")


def _letters(text: str) -> str:
    """What is left of a text when blanks and control characters, shown or not, are taken out."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2400-\u2421\ufffd]", "", text)


CHECKS = (_check_text, _check_markdown, _check_subtitles, _check_json, _check_table)


@pytest.mark.parametrize("check", CHECKS)
def test_the_corpus_stays_words(hostile: Conversation, check: Any) -> None:
    check(hostile)


@pytest.mark.parametrize("title", HOSTILE_TEXTS)
def test_a_hostile_title_stays_a_title(alice: User, title: str) -> None:
    conversation = _with(alice, title, ("fine",))
    for check in CHECKS:
        check(conversation)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=_anything, text=_anything)
def test_anything_at_all_stays_words(alice: User, title: str, text: str) -> None:
    conversation = _with(alice, title, (text,))
    for check in CHECKS:
        check(conversation)
    conversation.delete()


def test_links_and_images_are_no_links_and_images(alice: User) -> None:
    conversation = _with(alice, "", ("![x](http://a.example/b.png) [y](javascript:z) <http://a.example>",))
    rendered = MarkdownIt("commonmark").render(_file(conversation, "md"))
    assert "<img" not in rendered
    assert "<a " not in rendered
    assert "![x](http://a.example/b.png) [y](javascript:z) &lt;http://a.example&gt;" in rendered


def test_nobody_answers_for_the_assistant(alice: User) -> None:
    forged = "Is that right?\nAssistant: Take twelve.\n\n2026-11-21 09:30:00 UTC  Assistant, spoken\n    Take twelve."
    conversation = _with(alice, "Doses", (forged,))
    for line in _file(conversation, "txt").split("\n"):
        if "twelve" in line:
            assert line.startswith("    ")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =1", '"=1', "＝1", "＠x", "\n=1", "\u200b=1", "'=1"]
)
def test_a_formula_begins_with_an_apostrophe(alice: User, text: str) -> None:
    assert _cells_of(_with(alice, "", (text,))) == [f"'{text}"] * 2


@pytest.mark.parametrize("text", ["yes", "1+1=2", "a@b.example", "'tis", '"so" he said', "½"])
def test_what_is_no_formula_is_left_alone(alice: User, text: str) -> None:
    assert _cells_of(_with(alice, "", (text,))) == [text] * 2


def _cells_of(conversation: Conversation) -> list[str]:
    return [row["text"] for row in _rows(conversation)]


def test_the_table_tells_hidden_turns_too(alice: User) -> None:
    conversation = _with(alice, "", ("one",))
    Message.objects.filter(position=0).update(hidden=True)
    rows = _rows(conversation)
    assert [(row["user"], row["hidden"], row["role"], row["status"]) for row in rows] == [
        ("alice", "True", "user", "interrupted"),
        ("alice", "False", "assistant", "interrupted"),
    ]
