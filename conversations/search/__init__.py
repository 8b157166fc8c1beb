"""Finding conversations by the words in them, on either database."""

from conversations.search.excerpts import excerpts
from conversations.search.index import forget
from conversations.search.query import matching

__all__ = ("excerpts", "forget", "matching")
