"""Azure OpenAI: the GA dialect, at the address of a resource of one's own, with deployments for models."""

from realtime.config import RealtimeConfig
from realtime.providers.addresses import (
    azure_address_of,
    ga_instead_of_preview,
    host_of,
    is_openai,
    is_voice_live,
)
from realtime.providers.base import GA_VOICES, Description
from realtime.providers.connection import Patience
from realtime.providers.remote import Destination, RemoteProvider
from realtime.telemetry import THIS_PROCESS, Telemetry


class AzureProvider(RemoteProvider):
    """One resource and its deployments: of a realtime model, and of one that transcribes."""

    def __init__(
        self, config: RealtimeConfig, *, patience: Patience | None = None, telemetry: Telemetry = THIS_PROCESS
    ) -> None:
        given = config.base_url
        url, deployment = azure_address_of(given, config.model)
        is_elsewhere = is_openai(host_of(url)) or is_voice_live(given)
        destination = Destination(
            url=url,
            description=Description(
                name="azure",
                label=f"Azure OpenAI {deployment}",
                model=deployment,
                is_language_model=True,
                voices=GA_VOICES,
                default_voice="marin",
                # A deployment's name: the one that it has when nobody chose another.
                transcription_model="gpt-realtime-whisper",
            ),
            is_usable=not (is_elsewhere or ga_instead_of_preview(given, deployment)),
            key_header="api-key",
        )
        super().__init__(config, destination, patience=patience, telemetry=telemetry)
