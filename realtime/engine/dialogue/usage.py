"""What a response counts as: tokens estimated from letters and milliseconds, in the shape the Realtime API reports."""

import math
from collections.abc import Iterable

from realtime.engine.dialogue.frames import Json
from realtime.engine.dialogue.items import Item

CHARACTERS_PER_TEXT_TOKEN = 4
USER_MS_PER_TOKEN = 100
ASSISTANT_MS_PER_TOKEN = 50
TOKENS_PER_MINUTE = 1_000_000
"""Named in `rate_limits.updated`, which clients expect; the engine itself limits speakers, not tokens."""


def text_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARACTERS_PER_TEXT_TOKEN)


def usage(*, instructions: str, context: Iterable[Item], answer: str, answer_ms: int) -> Json:
    """The `usage` of one response: instructions and items went in, `answer` with `answer_ms` of sound came out."""
    text_in, audio_in = text_tokens(instructions), 0
    for item in context:
        if item.is_spoken_by_user:
            audio_in += math.ceil(item.listened_ms / USER_MS_PER_TOKEN)
        elif item.spoken is not None:
            audio_in += math.ceil(item.spoken.duration_ms / ASSISTANT_MS_PER_TOKEN)
        else:
            text_in += text_tokens(item.text)
    text_out, audio_out = text_tokens(answer), math.ceil(answer_ms / ASSISTANT_MS_PER_TOKEN)
    return {
        "total_tokens": text_in + audio_in + text_out + audio_out,
        "input_tokens": text_in + audio_in,
        "output_tokens": text_out + audio_out,
        "input_token_details": {
            "text_tokens": text_in,
            "audio_tokens": audio_in,
            "image_tokens": 0,
            "cached_tokens": 0,
            "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
    }


def rate_limits() -> list[Json]:
    """The one entry of `rate_limits.updated`."""
    return [
        {"name": "tokens", "limit": TOKENS_PER_MINUTE, "remaining": TOKENS_PER_MINUTE, "reset_seconds": 0.0}
    ]
