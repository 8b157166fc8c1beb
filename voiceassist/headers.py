"""What browsers are told to refuse: foreign scripts, foreign frames, devices nobody needs, copies on disk."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PERMISSIONS_POLICY = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"


def content_security_policy(public_url: str) -> str:
    """The policy of a site at `public_url`. AudioWorklet modules obey script-src, and only as files of our own."""
    parts = urlsplit(public_url)
    # 'self' covers the socket too, but not in Safari before 15.4, and not when the page was opened as localhost.
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {socket}",
            "media-src 'self' blob:",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    )


class ContentSecurityMiddleware(MiddlewareMixin):
    """Sets the policies above, and `no-store` on whatever says nothing about caching.

    A view that needs another policy sets its own header. Static files say how long they live; everything else may hold
    somebody's words and stays out of caches.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._headers = {
            "Content-Security-Policy": content_security_policy(settings.PUBLIC_URL),
            "Permissions-Policy": PERMISSIONS_POLICY,
            # Django's own middleware is further in, and never sees a request that is turned away before it.
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
            "Cache-Control": "no-store",
        }

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        return response
