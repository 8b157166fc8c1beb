"""Routes of the conversations API."""

from django.urls import re_path

from conversations import api, review_api

_ALL = r"^api/conversations"
_ONE = rf"{_ALL}/(?P<conversation_id>[^/]+)"
_REVIEW = r"^api/review/conversations"
_REVIEWED = rf"{_REVIEW}/(?P<conversation_id>[^/]+)"

urlpatterns = [
    re_path(rf"{_ALL}/?$", api.ConversationList.as_view(), name="conversation-list"),
    re_path(rf"{_ONE}/?$", api.ConversationDetail.as_view(), name="conversation-detail"),
    re_path(rf"{_ONE}/messages/?$", api.MessageList.as_view(), name="conversation-messages"),
    re_path(rf"{_ONE}/export/?$", api.ConversationExport.as_view(), name="conversation-export"),
    # Everybody's conversations, for those who review them.
    re_path(rf"{_REVIEW}/?$", review_api.ReviewConversationList.as_view(), name="review-list"),
    re_path(rf"{_REVIEWED}/?$", review_api.ReviewConversationDetail.as_view(), name="review-detail"),
    re_path(rf"{_REVIEWED}/messages/?$", review_api.ReviewMessageList.as_view(), name="review-messages"),
    re_path(rf"{_REVIEWED}/export/?$", review_api.ReviewExport.as_view(), name="review-export"),
]
