"""System checks of the address: settings that would otherwise fail at the first request."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from rest_framework.settings import api_settings

from voiceassist.limits import Rate


def check_rates(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every rate can be read."""
    found: list[CheckMessage] = []
    for scope, rate in api_settings.DEFAULT_THROTTLE_RATES.items():
        try:
            if rate is not None:
                Rate.parse(str(rate))
        except ImproperlyConfigured as error:
            found.append(Error(f"The rate of {scope!r} cannot be used. {error}", id="voiceassist.E101"))
    return found
