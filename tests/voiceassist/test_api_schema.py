"""The schema says of every door what it does, what it is asked with, and each way in which it may say no."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
WITH_BODY = ("post", "patch", "put")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Warnings are errors: each is an answer or a body that a client would have to guess."""
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    assert document["openapi"].startswith("3.1")
    return document


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_operation_has_a_name_a_sentence_and_a_place(schema: dict[str, Any]) -> None:
    names = Counter[str]()
    for method, path, operation in _operations(schema):
        where = f"{method} {path}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), where
        assert operation["summary"], where
        assert len(operation["tags"]) == 1, where
        names[operation["operationId"]] += 1
    assert names.most_common(1)[0][1] == 1


def test_the_names_that_generated_clients_call_stay(schema: dict[str, Any]) -> None:
    assert {operation["operationId"] for _, _, operation in _operations(schema)} >= {
        "create_client_secret",
        "create_conversation",
        "create_realtime_session",
        "delete_conversation",
        "end_voice_session",
        "export_conversation",
        "get_conversation",
        "get_voice_options",
        "get_voice_session",
        "list_conversations",
        "list_messages",
        "list_voice_sessions",
        "obtain_tokens",
        "rate_voice_session",
        "refresh_tokens",
        "rename_conversation",
        "withdraw_token",
    }


def test_every_refusal_has_the_one_shape_and_tells_its_codes(schema: dict[str, Any]) -> None:
    for method, path, operation in _operations(schema):
        refusals = {status: told for status, told in operation["responses"].items() if status >= "400"}
        assert {"401", "500"} <= set(refusals), f"{method} {path}"
        for status, told in refusals.items():
            assert told["content"] == ERROR, f"{method} {path} {status}"
            assert re.match(r"`[a-z_]+`", told["description"]), f"{method} {path} {status}"


def test_every_body_may_be_malformed_too_large_or_no_json(schema: dict[str, Any]) -> None:
    for method, path, operation in _operations(schema):
        if method in WITH_BODY:
            assert {"400", "411", "413", "415"} <= set(operation["responses"]), f"{method} {path}"
            assert set(operation["requestBody"]["content"]) == {"application/json"}, f"{method} {path}"


def test_what_the_sites_cookie_may_change_needs_its_csrf_token(schema: dict[str, Any]) -> None:
    for method, path, operation in _operations(schema):
        if method != "get" and not path.startswith("/api/token/"):
            assert operation["security"] == [{"jwtAuth": []}, {"cookieAuth": []}], path
            assert "csrf_failed" in operation["responses"]["403"]["description"], f"{method} {path}"


def test_too_often_always_says_when_to_try_again(schema: dict[str, Any]) -> None:
    throttled = [each["responses"]["429"] for _, _, each in _operations(schema) if "429" in each["responses"]]
    assert len(throttled) >= 3
    for told in throttled:
        assert told["headers"]["Retry-After"]["schema"] == {"type": "integer"}


def test_whatever_carries_a_tag_can_be_asked_for_by_it(schema: dict[str, Any]) -> None:
    tagged = 0
    for method, path, operation in _operations(schema):
        names = {each["name"] for each in operation.get("parameters", ())}
        if "304" in operation["responses"]:
            tagged += 1
            assert "If-None-Match" in names, path
            assert "ETag" in operation["responses"]["200"]["headers"], path
        assert ("412" in operation["responses"]) == ("If-Match" in names), f"{method} {path}"
    assert tagged >= 6


def test_bodies_in_which_nothing_is_passed_over_say_so(schema: dict[str, Any]) -> None:
    bodies = schema["components"]["schemas"]
    for name in ("PatchedConversation", "PatchedRating", "SessionRequest"):
        assert bodies[name]["additionalProperties"] is False, name


def test_no_word_of_ours_to_ourselves_is_in_it(schema: dict[str, Any]) -> None:
    told = json.dumps(schema)
    for word in ("DRF", "serializer", "Serializer", "framework", "sk-"):
        assert word not in told, word
