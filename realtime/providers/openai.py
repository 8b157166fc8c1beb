"""OpenAI, and whoever speaks the Realtime API the way OpenAI does."""

from realtime.config import RealtimeConfig
from realtime.providers.addresses import (
    address_of,
    ga_instead_of_preview,
    host_of,
    is_azure_openai,
    is_openai,
)
from realtime.providers.base import GA_VOICES, Description
from realtime.providers.connection import Patience
from realtime.providers.remote import Destination, RemoteProvider
from realtime.telemetry import THIS_PROCESS, Telemetry


class OpenAIProvider(RemoteProvider):
    """OpenAI itself, or a gateway at another address that leads there."""

    def __init__(
        self, config: RealtimeConfig, *, patience: Patience | None = None, telemetry: Telemetry = THIS_PROCESS
    ) -> None:
        url, model = address_of(config.base_url, config.model)
        host = host_of(url)
        destination = Destination(
            url=url,
            description=Description(
                name="openai",
                label=f"OpenAI {model}" if is_openai(host) else f"{host} {model}",
                model=model,
                is_language_model=True,
                voices=GA_VOICES,
                default_voice="marin",
                transcription_model="gpt-transcribe",
            ),
            is_usable=not (is_azure_openai(url) and ga_instead_of_preview(url, model)),
            names_people=True,
            is_translated=not is_openai(host),
        )
        super().__init__(config, destination, patience=patience, telemetry=telemetry)
