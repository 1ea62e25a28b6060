"""Reads a page as strictly as it should have been written."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = "\"'><script>alert(1)</script>&lt;"
VOID = {"meta", "link", "input", "br", "img"}


class Reader(HTMLParser):
    """Reads a page as strictly as it should have been written."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) != len(attrs):
            self.wrong.append(f"<{tag}> has an attribute twice")
        self.wrong += [f"{name} on <{tag}>" for name in given if name.startswith(("on", "style"))]
        self.ids += [given["id"] or ""] if "id" in given else []
        self.addresses += [given[n] or "" for n in ("href", "src", "action") if n in given]
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes what is not open")
        self.text += " " if tag in {"td", "th"} else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert reader.wrong == []
    return reader


def words(reader: Reader) -> str:
    return " ".join(reader.text.split())
