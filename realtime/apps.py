"""Django's handle on this floor."""

from django.apps import AppConfig


class RealtimeAppConfig(AppConfig):
    name = "realtime"
