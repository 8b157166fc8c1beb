"""The names of the GA dialect are the SDK's, so that nothing a client understands is kept from it."""

from realtime.protocol.dialects.names import FIELDS, FILLED_IN, RENAMED
from tests.support.ga_events import CLASSES

KEPT_FROM_CLIENTS = {"conversation.created", "conversation.item.created"}
"""Declared by the SDK and never sent by a GA server: the one says nothing, the other is told in two events."""


def test_every_event_of_the_ga_dialect_is_known() -> None:
    assert set(FIELDS) == set(CLASSES) - KEPT_FROM_CLIENTS


def test_every_field_of_the_ga_dialect_is_known() -> None:
    for kind, fields in FIELDS.items():
        assert {*fields, "type", "event_id"} - {"obfuscation"} == (
            set(CLASSES[kind].model_fields) | {"event_id"}
        ) - {"obfuscation"}


def test_what_is_filled_in_are_fields_of_the_event() -> None:
    assert all(set(filled) <= set(FIELDS[kind]) for kind, filled in FILLED_IN.items())


def test_the_beta_dialect_s_names_are_none_of_ga_s() -> None:
    assert set(RENAMED) & set(CLASSES) == set()
    assert set(RENAMED.values()) <= set(CLASSES)
