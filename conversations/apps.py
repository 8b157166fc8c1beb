"""Django's handle on this floor."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"
