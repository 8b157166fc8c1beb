"""What axe-core finds wrong with a page, in words that lead to the place."""

from collections.abc import Sequence
from functools import cache

from playwright.sync_api import Page

from tests.support.project_files import ROOT

_SOURCE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_OF_COLOURS = ("color-contrast", "link-in-text-block")
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter(({effect}) => effect.getComputedTiming().endTime < Infinity)
    .map(({finished}) => finished.catch(() => undefined)))"""
_RUN = """async ([runOnly, leftOut]) => {
    const {violations} = await axe.run({exclude: leftOut}, {runOnly, resultTypes: ['violations']});
    const why = ({any, all, none}) => [...any, ...all, ...none].map(({message}) => message).join('; ');
    return violations.flatMap(({id, help, nodes}) => nodes.map((node) =>
        `${id} (${help}): ${node.target.join(' ')}: ${node.html.slice(0, 160)}: ${why(node)}`));
}"""


@cache
def _axe() -> str:
    assert _SOURCE.is_file(), "axe-core is not installed; `make test` does that"
    return _SOURCE.read_text(encoding="utf-8")


def violations(page: Page, *, leave_out: Sequence[str] = ()) -> list[str]:
    """Everything that breaks WCAG 2.2 AA or good practice, light and dark, outside the selectors that are left out."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = _found(page, {"type": "tag", "values": _TAGS}, leave_out)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = _found(page, {"type": "rule", "values": _OF_COLOURS}, leave_out)
    return found + [f"dark: {each}" for each in dark]


def _found(page: Page, rules: dict[str, object], leave_out: Sequence[str]) -> list[str]:
    # Handed over by the debugger: as a script element it would break the page's content security policy.
    page.evaluate(_axe())
    page.evaluate(_SETTLED)  # a colour on its way from one theme to the other is in neither
    told: list[str] = page.evaluate(_RUN, [rules, [[selector] for selector in leave_out]])
    return told
