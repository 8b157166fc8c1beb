"""The pages of the assistant and the REST door to sessions."""

from django.urls import path, re_path

from realtime import api, me_api, preferences_api, session_api
from realtime.pages import chat, settings, voice_test

urlpatterns = [
    path("chat", chat.chat, name="chat"),
    path("chat/<uuid:conversation_id>", chat.chat, name="conversation"),
    path("settings", settings.Settings.as_view(), name="settings"),
    path("voice-test", voice_test.voice_test, name="voice-test"),
    re_path(r"^api/voice/realtime-session/?$", api.RealtimeSessionView.as_view(), name="realtime-session"),
    re_path(r"^api/voice/sessions/?$", session_api.SessionList.as_view(), name="session-list"),
    re_path(
        r"^api/voice/sessions/(?P<session_id>[^/]+)/?$",
        session_api.SessionDetail.as_view(),
        name="session-detail",
    ),
    re_path(r"^api/voice/options/?$", session_api.Options.as_view(), name="voice-options"),
    re_path(r"^api/me/export/?$", me_api.Export.as_view(), name="my-export"),
    re_path(r"^api/me/data/?$", me_api.Data.as_view(), name="my-data"),
    re_path(r"^api/me/preferences/?$", preferences_api.PreferencesView.as_view(), name="my-preferences"),
    re_path(r"^v1/realtime/client_secrets/?$", api.ClientSecretView.as_view(), name="client-secrets"),
]
