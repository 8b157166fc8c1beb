"""Django's handle on the address: registers its system checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class VoiceAssistConfig(AppConfig):
    name = "voiceassist"

    def ready(self) -> None:
        # Here, not above: the framework's settings cannot be read before the apps are there.
        from voiceassist.checks import check_address, check_deployment, check_rates

        register(check_rates)
        register(check_address)
        register(check_deployment, Tags.security, deploy=True)
