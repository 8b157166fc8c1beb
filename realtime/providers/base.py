"""The seam between the relay and whatever answers: raw text frames of the GA dialect, both ways."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

GA_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")


@dataclass(frozen=True, slots=True)
class Description:
    """What people are told about who answers."""

    name: str
    label: str
    """For example "OpenAI gpt-realtime-2.1"."""
    model: str
    is_language_model: bool
    voices: tuple[str, ...]
    """Empty: nobody knows which there are, and any may be asked for."""
    default_voice: str
    """Empty: the server's own, which is not asked for."""
    transcription_model: str = ""
    """Empty: the server's own, which is not asked for."""
    turn_detection: tuple[str, ...] = ("server_vad", "semantic_vad", "push_to_talk")
    voice_problem: str = ""
    """Why speech is not available here, in a sentence for people; empty when it is."""


class UpstreamConnection(Protocol):
    """An open connection to a Realtime server."""

    async def send(self, frame: str) -> None:
        """Hand one JSON frame over; waits while the peer is slow. Raises UpstreamClosed."""

    def takes(self, frame: str) -> bool:
        """Hand one JSON frame over at once, where nobody has to wait for that; False: it has to be sent."""

    async def deliver(self, hear: Callable[[str], None]) -> None:
        """Hand every JSON frame to `hear`, which never raises; others have their turn between those of a burst.

        Raises UpstreamClosed once the connection has ended, cleanly or not.
        """

    async def close(self) -> None:
        """End the connection and let go of all it holds. May be called more than once."""


class Provider(Protocol):
    """One configured way to an upstream."""

    @property
    def description(self) -> Description: ...

    def check(self) -> None:
        """Whether a new session may be begun: asked before there is one, and opens no connection.

        Raises RealtimeNotConfigured when something is missing, in words that say what to set, and ProviderUnavailable
        when it failed so often that it is not called for a while.
        """

    async def connect(self, *, safety_identifier: str) -> UpstreamConnection:
        """Open a connection. An accepted upgrade proves nothing: the caller waits for `session.created`.

        Raises UpstreamUnreachable, UpstreamSilent, UpstreamRefused, ProviderUnavailable or EngineBusy.
        """
