"""Routes of the conversations API."""

from django.urls import re_path

from conversations import api

_ALL = r"^api/conversations"
_ONE = rf"{_ALL}/(?P<conversation_id>[^/]+)"

urlpatterns = [
    re_path(rf"{_ALL}/?$", api.ConversationList.as_view(), name="conversation-list"),
    re_path(rf"{_ONE}/?$", api.ConversationDetail.as_view(), name="conversation-detail"),
    re_path(rf"{_ONE}/messages/?$", api.MessageList.as_view(), name="conversation-messages"),
]
