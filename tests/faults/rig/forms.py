"""Many cases of one test, of which the quick form tries a few and the long one all."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest


def cases(every: Mapping[str, Sequence[Any]], *, quick: Sequence[str]) -> list[Any]:
    """The arguments of a parametrized test, by their names. Raises KeyError for a quick one that is not there."""
    for name in quick:
        every[name]
    return [
        pytest.param(*values, id=name, marks=() if name in quick else pytest.mark.thorough)
        for name, values in every.items()
    ]
