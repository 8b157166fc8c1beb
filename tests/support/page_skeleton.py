"""A page without its words: which elements stand in it, with which attributes."""

from html.parser import HTMLParser

_ADDRESSES = ("href", "src", "action", "formaction", "srcset", "xlink:href", "data", "poster")
Tag = tuple[str, tuple[str, ...]]


class Skeleton(HTMLParser):
    """The tags of a page in their order, and what in their attributes a browser might run or fetch from elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.dangers: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.dangers += [
            f"<{tag} {name}={value!r}>" for name, value in attrs if _is_dangerous(name, value or "")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!--", ()))


def _is_dangerous(name: str, value: str) -> bool:
    if name.startswith("on") or name in ("style", "srcdoc"):
        return True
    return name in _ADDRESSES and _leads_away("".join(value.split()).lower())


def _leads_away(address: str) -> bool:
    return address.startswith(("javascript:", "data:text", "vbscript:", "//", "http:", "https:"))
