"""Typed readers of the environment. A NAME may also be given as NAME_FILE, the path of a file that holds its value."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured
from environ import Env

T = TypeVar("T")

_READ: set[str] = set()
"""Every name that was asked for; a test holds .env.example against it."""


def names_read() -> frozenset[str]:
    """The names of all variables the settings have asked for."""
    return frozenset(_READ)


def load_dotenv(path: Path) -> None:
    """Read KEY=value lines of `path` when it exists; the process's own environment wins."""
    if path.is_file():
        Env.read_env(path)


def text(name: str, default: str = "") -> str:
    """The value of `name`, or of the file that `name`_FILE points to, or `default`."""
    _READ.add(name)
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which could not be read: {error.strerror}."
            ) from error
    return os.environ.get(name, default).strip() or default


def flag(name: str, default: bool) -> bool:
    """A yes-or-no value: 1/0, true/false, yes/no, on/off."""
    value = text(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write true or false.")


def integer(name: str, default: int, *, at_least: int = 0, at_most: int | None = None) -> int:
    """A whole number of at least `at_least`, and no more than `at_most` where that is given."""
    number = optional_integer(name, at_least=at_least)
    if number is not None and at_most is not None and number > at_most:
        raise ImproperlyConfigured(f"{name} is {number}; write a whole number from {at_least} to {at_most}.")
    return default if number is None else number


def optional_integer(name: str, *, at_least: int = 0) -> int | None:
    """A whole number of at least `at_least`, or None when the variable is not set."""
    value = text(name)
    if not value:
        return None
    if not value.isdigit() or int(value) < at_least:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number of at least {at_least}.")
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`."""
    value = text(name, default).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; choose one of {', '.join(allowed)}.")
    return value


def parsed(name: str, parse: Callable[[str], T], default: str) -> T:
    """What `parse` makes of the value. What its ValueError says is told as a sentence about `name`."""
    try:
        return parse(text(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be used: {error}") from error


def words(name: str) -> list[str]:
    """A comma-separated list; empty when the variable is not set."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def secret(name: str, *, kept_in: Path) -> str:
    """The value of `name`, or one generated once and kept in the file `kept_in` (readable by its owner alone)."""
    given = text(name)
    if given:
        return given
    if not kept_in.exists():
        kept_in.parent.mkdir(parents=True, exist_ok=True)
        descriptor = None
        try:
            descriptor = os.open(kept_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass  # another process of the first start was quicker
        else:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(64))
    return kept_in.read_text(encoding="utf-8").strip()
