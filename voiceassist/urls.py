"""Every route of the site on one screen. API paths answer with and without the slash at their end."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from voiceassist import accounts, api_docs, health, manifest, metrics, tokens

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="chat"), name="home"),
    path("login", accounts.SignIn.as_view(), name="login"),
    path("logout", accounts.SignOut.as_view(), name="logout"),
    path("signup", accounts.SignUp.as_view(), name="signup"),
    path("language", set_language, name="set_language"),
    path("manifest.webmanifest", manifest.manifest, name="manifest"),
    path("health", health.alive, name="health"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/login/", accounts.admin_sign_in),
    path("admin/", admin.site.urls),
    re_path(r"^api/token/?$", tokens.Obtain.as_view(), name="token"),
    re_path(r"^api/token/refresh/?$", tokens.Refresh.as_view(), name="token-refresh"),
    re_path(r"^api/token/blacklist/?$", tokens.Blacklist.as_view(), name="token-blacklist"),
    re_path(r"^api/schema/?$", api_docs.Schema.as_view(), name="schema"),
    re_path(r"^api/docs/?$", api_docs.Docs.as_view(), name="api-docs"),
    path("", include("conversations.urls")),
    # Pages, sessions and the socket's HTTP neighbours: everything that knows of voice.
    path("", include("realtime.urls")),
]

handler400 = "voiceassist.api_errors.bad_request"
handler403 = "voiceassist.api_errors.permission_denied"
handler404 = "voiceassist.api_errors.page_not_found"
handler500 = "voiceassist.api_errors.server_error"
