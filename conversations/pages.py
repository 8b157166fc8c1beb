"""Pages of long lists: a cursor says where the next one begins, so that what is said meanwhile shifts nothing."""

from datetime import UTC, datetime
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class Pages(CursorPagination):
    """Pages whose cursor and size a client cannot make up.

    The framework would hand any cursor to the database as it stands, and pass over a size that is none.
    """

    page_size: int = 50
    max_page_size: int = 500
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        # Four digits are enough to be too many.
        if not (
            asked.isascii() and asked.isdigit() and len(asked) <= 4 and 1 <= int(asked) <= self.max_page_size
        ):
            raise ValidationError({"page_size": [f"Write a whole number from 1 to {self.max_page_size}."]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self.check_position(str(cursor.position))
        except (NotFound, ValueError, OverflowError) as error:
            raise ValidationError(
                {"cursor": ["Take it from `next` or `previous` of another page."]}
            ) from error
        return cursor

    def check_position(self, position: str) -> None:
        """Raise ValueError or OverflowError for what cannot be a value of the first ordering field."""
        raise NotImplementedError

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size, cursor = "how many on a page", "from `next` or `previous` of another page"
        return [
            _in_query(
                "page_size",
                size,
                type="integer",
                minimum=1,
                maximum=self.max_page_size,
                default=self.page_size,
            ),
            _in_query("cursor", cursor, type="string"),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


class MomentPages(Pages):
    """Pages in the order of a moment, the latest first."""

    def check_position(self, position: str) -> None:
        moment = datetime.fromisoformat(position)
        if moment.tzinfo is None:
            raise ValueError(position)
        # Raises OverflowError for what lies before the first year or behind the last.
        moment.astimezone(UTC)


class ConversationPages(MomentPages):
    ordering = ("-updated_at", "-id")


class MessagePages(Pages):
    ordering = ("position",)

    def check_position(self, position: str) -> None:
        # PostgreSQL compares no larger ones with the column.
        if not 0 <= int(position) < 2**31:
            raise ValueError(position)


def _in_query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "required": False, "in": "query", "description": description, "schema": schema}
