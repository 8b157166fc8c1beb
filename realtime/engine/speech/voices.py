"""Voices: which ones this machine has, and which of them a wished-for name means. Cheap; loads at most flite."""

from realtime.engine.speech import espeak, flite


def available() -> tuple[str, ...]:
    """The names of the voices that can speak here, the default first; empty when nothing can."""
    return flite.voices() or espeak.voices()


def chosen(name: str, among: tuple[str, ...]) -> str:
    """`name` when it is one of ours, else the default: other systems' names (marin, alloy, …) mean "any voice"."""
    return name if name in among else among[0]
