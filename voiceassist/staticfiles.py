"""Static files: stored under names that change with their content, ES modules included, and answered over ASGI."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # ships no types
    """Django leaves `import` statements alone unless asked; a page would then run old modules beside new ones.

    Imports must end in a semicolon to be rewritten: one without it names a second, unhashed copy of the module.
    """

    support_js_module_import_aggregation = True


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc] # ships no types
    """WhiteNoise with whole answers.

    It streams from a synchronous iterator. Over ASGI Django collects such a stream in memory anyway, and puts a
    warning about it on the operator's screen.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file, the part of it that was asked for, or the word that it has not changed."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as opened:
                body = opened.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]  # WhiteNoise's own, or none where nothing is sent
        for name, value in found.headers:
            response[name] = value
        return response
