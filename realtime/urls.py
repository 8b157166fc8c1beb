"""The pages of the assistant and the REST door to sessions."""

from django.urls import path, re_path

from realtime import api, views

urlpatterns = [
    path("chat", views.chat, name="chat"),
    path("chat/<uuid:conversation_id>", views.chat, name="conversation"),
    re_path(r"^api/voice/realtime-session/?$", api.RealtimeSessionView.as_view(), name="realtime-session"),
    re_path(r"^v1/realtime/client_secrets/?$", api.ClientSecretView.as_view(), name="client-secrets"),
]
