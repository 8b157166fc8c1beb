"""What the settings page offers to choose from, in words for people."""

from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import get_language_info, gettext, gettext_lazy

from realtime.config import RealtimeConfig
from realtime.options import DEFAULT_SPEED, OUTPUTS, TURN_DETECTION
from realtime.preferences import Preferred
from realtime.providers.base import Description

_SPEAKERS: dict[str, str | Promise] = {
    "slt": gettext_lazy("A woman from the United States"),
    "rms": gettext_lazy("A man from the United States"),
    "awb": gettext_lazy("A man from Scotland"),
    "kal16": gettext_lazy("A man from the United States, mechanical"),
    "kal": gettext_lazy("A man from the United States, mechanical and muffled"),
    "en-us": gettext_lazy("American English, mechanical"),
    "en-gb": gettext_lazy("British English, mechanical"),
    "en-gb-scotland": gettext_lazy("Scottish English, mechanical"),
}
"""Who speaks with the voices of the embedded engine. How the others sound is best heard."""
_TURN_TAKING: dict[str, tuple[str | Promise, str | Promise]] = {
    "server_vad": (
        gettext_lazy("Automatic"),
        gettext_lazy("You speak, you pause, and the answer comes. Good in a quiet room."),
    ),
    "semantic_vad": (
        gettext_lazy("Careful"),
        gettext_lazy(
            "Waits until you sound finished. Good when you think while you speak; answers may come a little later."
        ),
    ),
    "push_to_talk": (
        gettext_lazy("Push to talk"),
        gettext_lazy(
            "Nothing is heard unless you hold the button or the space bar. Good in noise and among people."
        ),
    ),
}
_ANSWERS: dict[str, tuple[str | Promise, str | Promise]] = {
    "audio": (
        gettext_lazy("Spoken and written"),
        gettext_lazy("What you say is answered aloud, and the words are shown."),
    ),
    "text": (
        gettext_lazy("In writing only"),
        gettext_lazy("You may speak; the answers are silent. Good where sound would disturb."),
    ),
}
_LANGUAGES = (
    "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv sw ta th "
    "tr uk ur vi zh"
)
"""Widely understood by those who write down speech. Others can be chosen over the API, and are then listed too."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, with what to know before choosing it."""

    value: str
    """What is stored; empty takes the choice back."""
    name: str
    note: str
    is_chosen: bool
    can_be_heard: bool = False


def shown(preferred: Preferred) -> Preferred:
    """What the page shows: what was chosen, and what counts where nothing was."""
    return replace(
        preferred,
        speed=DEFAULT_SPEED if preferred.speed is None else preferred.speed,
        output=preferred.output or OUTPUTS[0],
        turn_detection=preferred.turn_detection or TURN_DETECTION[0],
    )


def voices(description: Description, preferred: Preferred, config: RealtimeConfig) -> list[Choice]:
    """The server's own voice and all that there are; nothing where nobody knows them."""
    if not description.voices:
        return []
    own = config.voice or description.default_voice
    note = gettext("At the moment %(name)s") % {"name": _voice_name(own)} if own else ""
    return [
        Choice("", gettext("The server's choice"), note, not preferred.voice),
        *(
            Choice(voice, _voice_name(voice), str(_SPEAKERS.get(voice, "")), voice == preferred.voice, True)
            for voice in description.voices
        ),
    ]


def turn_taking(description: Description, preferred: Preferred) -> list[Choice]:
    """Who decides that a turn is over, as far as the provider offers it."""
    chosen = shown(preferred).turn_detection
    offered = (kind for kind in TURN_DETECTION if kind in description.turn_detection)
    return [_in_words(kind, _TURN_TAKING[kind], chosen) for kind in offered]


def answers(preferred: Preferred) -> list[Choice]:
    """Aloud, or in writing."""
    chosen = shown(preferred).output
    return [_in_words(kind, _ANSWERS[kind], chosen) for kind in OUTPUTS]


def languages(preferred: Preferred, config: RealtimeConfig) -> list[Choice]:
    """Languages that may be spoken, by their names in the language of the page; first what is so without a choice."""
    usual = language_name(config.language) if config.language else gettext("The assistant finds out")
    codes = {*_LANGUAGES.split(), *filter(None, [preferred.language])}
    named = sorted(((language_name(code), code) for code in codes), key=lambda pair: pair[0].casefold())
    return [
        Choice("", usual, "", not preferred.language),
        *(Choice(code, name, "", code == preferred.language) for name, code in named),
    ]


def language_name(code: str) -> str:
    """A language by its name, or by its code where that is all that is known of it."""
    if code == "zh":
        return gettext("Chinese")  # Django knows only its two ways of being written
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _in_words(kind: str, words: tuple[str | Promise, str | Promise], chosen: str) -> Choice:
    name, note = words
    return Choice(kind, str(name), str(note), kind == chosen)


def _voice_name(voice: str) -> str:
    return voice if voice in _SPEAKERS else voice[:1].upper() + voice[1:]
