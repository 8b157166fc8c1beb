"""In which language the site speaks to whom, and the sentences that scripts of a page need for it."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog

CATALOGUES = Path(__file__).resolve().parent / "locale"
"""The sentences of the whole site, `<language>/LC_MESSAGES/django.po` and `djangojs.po`; `make words` keeps them."""
IN_ENGLISH = ("/admin/", "/api/", "/v1/", "/health")
"""Below these the browser's wish counts for nothing. Programs compare what the API says, and reviewers, who may sit in
several countries, talk to each other about what the admin shows. The socket takes no part in this at all."""


class LanguageMiddleware(LocaleMiddleware):
    """A page speaks the language that was chosen on it, else the browser's; whatever is not a page speaks English."""

    def process_request(self, request: HttpRequest) -> None:
        if request.path.startswith(IN_ENGLISH):
            translation.activate(settings.LANGUAGE_CODE)
            request.LANGUAGE_CODE = settings.LANGUAGE_CODE
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path.startswith(IN_ENGLISH):
            response.headers.setdefault("Content-Language", settings.LANGUAGE_CODE)
            return response
        patch_vary_headers(response, ("Cookie",))
        answer: HttpResponseBase = super().process_response(request, response)
        return answer


@lru_cache(maxsize=len(settings.LANGUAGES))
def sentences_for_scripts(language: str) -> dict[str, Any]:
    """English sentence → sentence in `language`, of everything that static/js can say. Empty for English itself."""
    if language == settings.LANGUAGE_CODE:
        return {}
    catalogue = JavaScriptCatalog()
    catalogue.translation = DjangoTranslation(language, domain="djangojs", localedirs=[str(CATALOGUES)])
    sentences: dict[str, Any] = catalogue.get_catalog()
    return sentences
