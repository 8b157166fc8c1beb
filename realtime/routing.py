"""Which consumer answers on which socket path."""

from typing import Any, cast

from django.urls import re_path

from realtime.consumers import RealtimeConsumer

websocket_urlpatterns = [
    # The stock SDKs build this path from their base URL.
    re_path(r"^v1/realtime/?$", cast(Any, RealtimeConsumer.as_asgi())),
]
