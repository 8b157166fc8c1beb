"""What answers cost: the usage objects of a session's responses, added up. Pure."""

from typing import Any


def added(total: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    """Two usage objects, field by field; what is no number, or fits nothing before it, is left out."""
    result = dict(total)
    for name, value in usage.items():
        if isinstance(value, dict):
            before = result.get(name, {})
            if isinstance(before, dict):
                result[name] = added(before, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            before = result.get(name, 0)
            if isinstance(before, int | float):
                result[name] = before + value
    return result
