"""A strict reader of WebVTT files, written from the format's own description and from nothing of ours."""

import re
from dataclasses import dataclass
from html import unescape
from itertools import pairwise

_TIMING = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
_TAG = re.compile(r"<(/?)(v|c|i)([.\w]*)(?: ([^>]*))?>")


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue: milliseconds, who speaks, the text as a viewer shows it, and of that what is set apart by a class."""

    start: int
    end: int
    voice: str
    text: str
    classed: str


def read(file: str) -> list[Cue]:
    """The cues of a file. Raises ValueError for what is not well-formed, and for cues that overlap or go back."""
    header, *blocks = re.split(r"\n{2,}", re.sub("\r\n?", "\n", file).rstrip("\n"))
    if not re.fullmatch(r"\ufeff?WEBVTT(?:[ \t][^\n]*)?", header) or "-->" in header:
        raise ValueError(f"not a header: {header!r}")
    cues = [_cue(block) for block in blocks if not _is_note(block)]
    for before, after in pairwise(cues):
        if not before.end <= after.start:
            raise ValueError(f"cues out of order: {before} {after}")
    return cues


def _is_note(block: str) -> bool:
    return re.match(r"NOTE(?:[ \t\n]|$)", block) is not None and "-->" not in block


def _cue(block: str) -> Cue:
    timing, *payload = block.split("\n")
    found = _TIMING.fullmatch(timing)
    if found is None:
        raise ValueError(f"not a cue with its time: {block!r}")
    numbers = [int(number) for number in found.groups()]
    start, end = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (numbers[:4], numbers[4:]))
    if start >= end:
        raise ValueError(f"ends before it begins: {timing}")
    return Cue(start, end, *_spoken("\n".join(payload)))


def _spoken(payload: str) -> tuple[str, str, str]:
    """The voice, the visible text, and what of it stands within a class or italics."""
    if "-->" in payload:
        raise ValueError(f"an arrow in a cue: {payload!r}")
    voice, text, classed, at = "", "", "", 0
    open_tags: list[str] = []
    for tag in _TAG.finditer(payload):
        text, classed = _with(payload[at : tag.start()], text, classed, open_tags)
        closes, name, _, annotation = tag.groups()
        if closes:
            if not open_tags or open_tags.pop() != name:
                raise ValueError(f"closes what is not open: {payload!r}")
        else:
            open_tags.append(name)
            voice = annotation if name == "v" else voice
        at = tag.end()
    text, classed = _with(payload[at:], text, classed, open_tags)
    if open_tags not in ([], ["v"]):
        raise ValueError(f"left open: {open_tags} in {payload!r}")
    return voice, text, classed


def _with(piece: str, text: str, classed: str, open_tags: list[str]) -> tuple[str, str]:
    if re.search(r"[<>]|&(?!(?:amp|lt|gt);)", piece):
        raise ValueError(f"markup in words: {piece!r}")
    words = unescape(piece)
    return text + words, classed + words * bool({"c", "i"} & set(open_tags))
