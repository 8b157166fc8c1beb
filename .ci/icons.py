"""Draws the icons of the installed app anew, from static/icons/voiceassist.svg: `make icons`."""

import re
import sys

from chromium import find_chromium
from obstacle import ROOT, Obstacle
from playwright.sync_api import Page, sync_playwright

ICONS = ROOT / "static" / "icons"
GROUND = re.compile(r'<rect [^>]*\brx="\d+" fill="(#[0-9a-f]{6})"/>')
SIZES = {"voiceassist-192.png": 192, "voiceassist-512.png": 512}
FILLED = {"voiceassist-maskable-512.png": 512, "apple-touch-icon.png": 180}
"""Those that a system cuts into a shape of its own: nothing but ground at the edges."""


def filled(drawing: str) -> str:
    """The drawing with its ground up to the edges. The mark lies within the circle that every shape leaves whole."""
    ground = GROUND.search(drawing)
    if ground is None:
        raise Obstacle(f"{ICONS / 'voiceassist.svg'} has no ground: a <rect> with rx and fill.")
    plain = f'<rect width="32" height="32" fill="{ground[1]}"/>'
    return f"{drawing[: ground.start()]}{plain}{drawing[ground.end() :]}"


def draw(page: Page, drawing: str, name: str, size: int) -> None:
    """Write a picture of the drawing, `size` pixels wide and high, transparent around it."""
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px}}</style>{drawing}")
    page.screenshot(path=ICONS / name, omit_background=True)


def main() -> None:
    """Draw all of them with the Chromium that the tests drive."""
    chromium = find_chromium()
    if chromium is None:
        raise Obstacle("There is no Chromium here. `make icons` installs one.")
    drawing = (ICONS / "voiceassist.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name, size in SIZES.items():
            draw(page, drawing, name, size)
        for name, size in FILLED.items():
            draw(page, filled(drawing), name, size)
        browser.close()


if __name__ == "__main__":
    try:
        main()
    except Obstacle as obstacle:
        sys.exit(str(obstacle))
