"""The input audio buffer: what was appended, which turn is open in it, and whose words are still to come."""

import binascii
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field

from realtime.engine.dialogue.frames import ClientError, Json, MakeId
from realtime.engine.dialogue.heard import BYTES_PER_MS
from realtime.engine.speech.vocabulary import Hear, SpeechStarted, SpeechStopped, Transcribed

APPEND_LIMIT = 15 * 1024 * 1024
"""Bytes of audio one append may carry."""

SHORTEST_COMMIT_MS = 100
_HEAR_BYTES = BYTES_PER_MS * 1000
"""Long appends are handed on in pieces, so that what is asked in between does not wait for all of it."""


@dataclass(frozen=True, slots=True)
class ClosedTurn:
    """A stretch of speech that became a user item."""

    item_id: str
    listened_ms: int


@dataclass(frozen=True, slots=True)
class _OpenTurn:
    item_id: str
    start_ms: int


@dataclass(slots=True)
class InputBuffer:
    """Pairs the speech worker's findings with item ids: announced at the start of speech, kept to the transcript."""

    make_id: MakeId
    _buffered_bytes: int = 0
    _open: _OpenTurn | None = None
    _by_voice: deque[str | None] = field(default_factory=deque)
    """Items closed by voice whose words are awaited; None for a stop that came after the turn was taken by hand."""
    _by_hand: deque[str] = field(default_factory=deque)
    _carried: str = ""
    """Words of a turn that voice activity closed in the same moment as the client committed it."""

    def append(self, event: Json) -> list[Hear]:
        """The audio of an append, in pieces. Raises ClientError."""
        pcm = _decoded(event.get("audio"))
        self._buffered_bytes += len(pcm)
        return [Hear(pcm[start : start + _HEAR_BYTES]) for start in range(0, len(pcm), _HEAR_BYTES)]

    def commit(self) -> ClosedTurn:
        """Close the open turn by hand. Raises ClientError when there is too little audio."""
        buffered_ms = self._buffered_bytes / BYTES_PER_MS
        if buffered_ms < SHORTEST_COMMIT_MS:
            raise ClientError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{SHORTEST_COMMIT_MS}ms of audio, but buffer only has {buffered_ms:.2f}ms of audio.",
            )
        item_id = self._open.item_id if self._open else self.make_id("item")
        self.clear()
        self._by_hand.append(item_id)
        return ClosedTurn(item_id, int(buffered_ms))

    def clear(self) -> None:
        """Forget the audio of the open turn, and that it was announced."""
        self._buffered_bytes = 0
        self._open = None

    def speech_started(self, event: SpeechStarted) -> str:
        """The id under which the speech that has begun will become an item."""
        self._open = _OpenTurn(self.make_id("item"), event.audio_start_ms)
        return self._open.item_id

    def speech_stopped(self, event: SpeechStopped) -> ClosedTurn | None:
        """The turn that has ended; None when it was committed or cleared meanwhile."""
        if self._open is None:
            self._by_voice.append(None)
            return None
        turn = ClosedTurn(self._open.item_id, max(0, event.audio_end_ms - self._open.start_ms))
        self._by_voice.append(turn.item_id)
        self.clear()
        return turn

    def transcribed(self, event: Transcribed) -> tuple[str, str] | None:
        """The item the words belong to, and the words; None when nobody waits for them."""
        if event.turn:
            if event.turn not in self._by_hand:
                return None
            self._by_hand.remove(event.turn)
            words = f"{self._carried} {event.text}".strip()
            self._carried = ""
            return event.turn, words
        item_id = self._by_voice.popleft() if self._by_voice else None
        if item_id is None:
            if self._by_hand:
                self._carried = event.text
            return None
        return item_id, event.text

    def lost(self) -> list[str]:
        """The speech worker is gone: the items whose words will never come."""
        waiting = [item_id for item_id in self._by_voice if item_id is not None] + list(self._by_hand)
        self._by_voice.clear()
        self._by_hand.clear()
        self._carried = ""
        self.clear()
        return waiting


def _decoded(audio: object) -> bytes:
    if audio is None:
        raise ClientError("missing_required_parameter", "Missing required parameter: 'audio'.", "audio")
    if not isinstance(audio, str):
        raise ClientError("invalid_type", "Invalid type for 'audio': expected a base64 string.", "audio")
    try:
        pcm = b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise ClientError(
            "invalid_value", "Invalid value for 'audio': it is not valid base64.", "audio"
        ) from None
    if len(pcm) > APPEND_LIMIT:
        raise ClientError(
            "invalid_value", "Invalid value for 'audio': one append may carry 15 MiB at most.", "audio"
        )
    if len(pcm) % 2:
        raise ClientError(
            "invalid_value", "Invalid value for 'audio': it ends in the middle of a sample.", "audio"
        )
    return pcm
