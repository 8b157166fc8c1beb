"""Any server that speaks the Realtime API, or the API as it was before GA, or something in between."""

from realtime.config import RealtimeConfig
from realtime.providers.addresses import (
    address_of,
    ga_instead_of_preview,
    host_of,
    is_azure_openai,
    is_openai,
)
from realtime.providers.base import Description
from realtime.providers.connection import Patience
from realtime.providers.remote import Destination, RemoteProvider
from realtime.telemetry import THIS_PROCESS, Telemetry


class CompatibleProvider(RemoteProvider):
    """A server of which nothing is known but its address: it is asked for nothing that nobody configured."""

    def __init__(
        self, config: RealtimeConfig, *, patience: Patience | None = None, telemetry: Telemetry = THIS_PROCESS
    ) -> None:
        url, model = address_of(config.base_url, config.model)
        is_azure = is_azure_openai(url)
        # It was switched off there, and asking for it costs the session.
        has_no_beta = is_azure or is_openai(host_of(url))
        destination = Destination(
            url=url,
            description=Description(
                name="compatible",
                label=f"{host_of(url)} {model}",
                model=model,
                is_language_model=True,
                voices=(),
                default_voice="",
                transcription_model="",
            ),
            is_usable=not (is_openai(host_of(url)) or (is_azure and ga_instead_of_preview(url, model))),
            needs_key=False,
            is_translated=True,
            asks_for_beta=config.dialect == "beta" and not has_no_beta,
        )
        super().__init__(config, destination, patience=patience, telemetry=telemetry)
