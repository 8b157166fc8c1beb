"""Whose id stands in each place of an address: one person's, and nobody's."""

import uuid
from collections.abc import Mapping

from django.contrib.admin.utils import quote as admin_quote
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from conversations.models import Conversation
from tests.support.belongings import Belongings
from tests.support.url_walk import Route

Values = Mapping[str, object]
"""What is written in the places of an address."""


def ids_in(route: Route, hers: Belongings) -> tuple[Values, Values] | None:
    """What of hers stands in a route's places, and what of nobody's; None where nobody has decided."""
    if route.template == "/admin/r/<content_type_id>/<object_id>/":
        kind = ContentType.objects.get_for_model(Conversation).pk
        return (
            {"content_type_id": kind, "object_id": hers.conversation.pk},
            {"content_type_id": kind, "object_id": uuid.UUID(int=7)},
        )
    if route.template in ("/admin/<app_label>/", "/admin/<url>"):
        # The names of apps and of nothing: nobody's.
        values = {"app_label": "conversations", "url": "conversations/nothing"}
        return values, values
    row = _row_behind(route, hers)
    if row is None or len(route.parameters) != 1:
        return None
    [name] = route.parameters
    if route.is_admin:
        return {name: admin_quote(str(row.pk))}, {name: admin_quote(str(_unknown(row)))}
    return {name: row.pk}, {name: _unknown(row)}


def _row_behind(route: Route, hers: Belongings) -> Model | None:
    """The row of hers that an address is about."""
    rows: dict[str, Model] = {
        "conversation_id": hers.conversation,
        "session_id": hers.session,
        "/admin/auth/group/": hers.owner.groups.get(),
        "/admin/auth/user/": hers.owner,
        "/admin/conversations/conversation/": hers.conversation,
        "/admin/conversations/transcriptaccess/": hers.look,
        "/admin/realtime/voicesession/": hers.session,
        "/admin/token_blacklist/outstandingtoken/": hers.token,
    }
    if not route.is_admin:
        return rows.get(route.parameters[0])
    return rows.get(route.template.partition("<")[0])


def _unknown(row: Model) -> object:
    """The id of no row, of the same kind."""
    if isinstance(row.pk, uuid.UUID):
        return uuid.UUID(int=7)
    return 987_654_321 if isinstance(row.pk, int) else f"{str(row.pk)[:-8]}abcdefgh"
