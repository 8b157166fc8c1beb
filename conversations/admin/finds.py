"""How many conversations a search of the admin finds, counted no further than they are listed."""

from functools import cached_property
from typing import cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

from conversations.models import Conversation

FOUND_AT_MOST = 500


class Finds(Paginator):  # type: ignore[type-arg] # generic in its stubs only
    """The pages of a search. A word that everybody says would else be looked for in every conversation there is."""

    @cached_property
    def _found(self) -> int:
        found = cast("QuerySet[Conversation]", self.object_list)
        return found.order_by()[: FOUND_AT_MOST + 1].count()

    @property
    def count(self) -> int:
        return min(self._found, FOUND_AT_MOST)

    @property
    def is_cut(self) -> bool:
        """There is more than is listed."""
        return self._found > FOUND_AT_MOST
