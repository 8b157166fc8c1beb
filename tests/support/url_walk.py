"""Every address this site answers at, read off the URL configuration itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One URL pattern, in one spelling: `/chat/<conversation_id>`."""

    template: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.template))

    @property
    def is_admin(self) -> bool:
        return self.template.startswith("/admin/")

    @property
    def is_api(self) -> bool:
        return self.template.startswith(("/api/", "/v1/"))

    def filled(self, values: Mapping[str, object]) -> str:
        """The path with these values in the places of its parameters, and what has to be asked for besides."""
        path = _PARAMETER.sub(lambda found: str(values[found[1]]), self.template)
        return f"{path}?format=txt" if path.endswith("/export/") and values else path


def routes() -> list[Route]:
    """All of them, the admin's included."""
    patterns = get_resolver().url_patterns
    return [Route(_spelled(pattern)) for pattern in sorted(set(_leaves(patterns, "")))]


def _leaves(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for each in patterns:
        written = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _leaves(each.url_patterns, written)
        else:
            yield written


def _spelled(pattern: str) -> str:
    """A pattern without what belongs to regular expressions: anchors, groups and optional slashes."""
    return _PARAMETER.sub(r"<\1>", simplify_regex(pattern))
