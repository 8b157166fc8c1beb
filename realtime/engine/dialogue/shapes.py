"""Shapes of what a client may send: small checks that are put together into whole objects.

A check takes a value and its path (`session.audio.output.speed`) and gives the value back, or raises ClientError.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from realtime.engine.dialogue.frames import ClientError, Json

Check: TypeAlias = Callable[[Any, str], Any]


def _type_error(path: str, expected: str) -> ClientError:
    return ClientError("invalid_type", f"Invalid type for '{path}': expected {expected}.", path)


def _value_error(path: str, expected: str) -> ClientError:
    return ClientError("invalid_value", f"Invalid value for '{path}': expected {expected}.", path)


def anything(value: Any, path: str) -> Any:
    """Accepted as it is and echoed."""
    return value


def text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _type_error(path, "a string")
    return value


def flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _type_error(path, "true or false")
    return value


def number(low: float, high: float) -> Check:
    """A number from `low` to `high`, both included."""

    def check(value: Any, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _type_error(path, "a number")
        if not low <= value <= high:
            raise _value_error(path, f"a number from {low:g} to {high:g}")
        return value

    return check


def integer(low: int, high: int) -> Check:
    """A whole number from `low` to `high`, both included."""

    def check(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _type_error(path, "a whole number")
        if not low <= value <= high:
            raise _value_error(path, f"a whole number from {low} to {high}")
        return value

    return check


def one_of(*values: object) -> Check:
    """One of a few fixed values."""

    def check(value: Any, path: str) -> Any:
        if not any(type(value) is type(allowed) and value == allowed for allowed in values):
            raise _value_error(path, "one of " + ", ".join(repr(allowed) for allowed in values))
        return value

    return check


def either(*checks: Check, expected: str) -> Check:
    """What any one of the checks accepts."""

    def check(value: Any, path: str) -> Any:
        for candidate in checks:
            try:
                return candidate(value, path)
            except ClientError:
                continue
        raise _value_error(path, expected)

    return check


def nothing_or(check: Check) -> Check:
    """null, or what the check accepts."""
    return lambda value, path: None if value is None else check(value, path)


def listed(check: Check, *, at_most: int) -> Check:
    """A list of at most `at_most` values that all pass the check."""

    def check_all(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _type_error(path, "a list")
        if len(value) > at_most:
            raise _value_error(path, f"at most {at_most} entries")
        return [check(entry, f"{path}[{index}]") for index, entry in enumerate(value)]

    return check_all


def record(fields: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    """An object of these fields; those not `required` may be left out, unknown ones are refused by their path."""

    def check(value: Any, path: str) -> Json:
        if not isinstance(value, dict):
            raise _type_error(path, "an object")
        for name in required:
            if name not in value:
                raise ClientError(
                    "missing_required_parameter",
                    f"Missing required parameter: '{path}.{name}'.",
                    f"{path}.{name}",
                )
        for name in value:
            if name not in fields:
                raise ClientError(
                    "unknown_parameter", f"Unknown parameter: '{path}.{name}'.", f"{path}.{name}"
                )
        return {name: fields[name](entry, f"{path}.{name}") for name, entry in value.items()}

    return check


def tagged(variants: Mapping[str, Check], *, tag: str = "type") -> Check:
    """An object whose `type` says which of the variants it must fit."""

    def check(value: Any, path: str) -> Json:
        if not isinstance(value, dict):
            raise _type_error(path, "an object")
        if tag not in value:
            raise ClientError(
                "missing_required_parameter", f"Missing required parameter: '{path}.{tag}'.", f"{path}.{tag}"
            )
        kind = one_of(*variants)(value[tag], f"{path}.{tag}")
        checked: Json = variants[kind](value, path)
        return checked

    return check
