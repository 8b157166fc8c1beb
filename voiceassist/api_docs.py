"""The API's description of itself: for programs the schema, for people the page that is made from it."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView


class _ErrorsInJSON(APIView):
    """Tells what goes wrong as every door does, in whatever it answers otherwise."""

    http_method_names = ("get", "head")
    not_acceptable: str

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, NotAcceptable):
            response.data["detail"] = self.not_acceptable
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return response


class Schema(_ErrorsInJSON, SpectacularAPIView):
    not_acceptable = "This address answers in YAML or JSON."


class Docs(_ErrorsInJSON, SpectacularSwaggerSplitView):
    template_name = "api_docs.html"
    not_acceptable = "This address is a page for people (text/html). Programs read /api/schema."
