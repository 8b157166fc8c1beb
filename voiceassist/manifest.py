"""What browsers ask before they offer to install the site as an app: its name, its icons, where it begins."""

from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

PAPER = "#fbfaf8"
"""The light ground of static/css/tokens.css: a manifest can name only one, and the pages themselves name both."""
_ICONS = (
    ("icons/voiceassist.svg", "any", "any"),
    ("icons/voiceassist-192.png", "192x192", "any"),
    ("icons/voiceassist-512.png", "512x512", "any"),
    # Filled to its edges: some systems cut icons into a shape of their own.
    ("icons/voiceassist-maskable-512.png", "512x512", "maskable"),
)


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The manifest, in the language of the pages. There is nothing in it about anybody."""
    chat = reverse("chat")
    return JsonResponse(
        {
            # What makes it the same app when it begins somewhere else one day.
            "id": chat,
            "start_url": chat,
            "scope": "/",
            "name": "VoiceAssist",
            "short_name": "VoiceAssist",
            "description": gettext("Talk with your assistant. What was said stays readable here."),
            "lang": get_language(),
            "dir": "ltr",
            "display": "standalone",
            "background_color": PAPER,
            "theme_color": PAPER,
            "categories": ["medical", "productivity"],
            "icons": [_icon(*each) for each in _ICONS],
            "shortcuts": [
                {"name": gettext("New conversation"), "url": chat, "icons": [_icon(*_ICONS[1])]},
                {"name": gettext("Settings"), "url": reverse("settings"), "icons": [_icon(*_ICONS[1])]},
            ],
        },
        content_type="application/manifest+json",
    )


def _icon(path: str, sizes: str, purpose: str) -> dict[str, str]:
    kind = "image/svg+xml" if path.endswith(".svg") else "image/png"
    return {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose}
