"""The tables of an HTML page, by their columns' heads, as a reader sees them."""

from __future__ import annotations

from html.parser import HTMLParser

Row = dict[str, str]


class _Tables(HTMLParser):
    """Collects cells. A picture is read out, a time told by its ``datetime``, in brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in {"td", "th"} and self.tables and self.tables[-1]:
            self.cell = []
        elif self.cell is not None:
            said = given.get("aria-label") or given.get("datetime")
            self.cell.append(f"[{said}]" if said else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self.cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self.cell).split()))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)


def tables(html: str) -> list[list[Row]]:
    """Each table as its rows, a row as its cells by the column's head."""
    reader = _Tables()
    reader.feed(html)
    reader.close()
    return [
        [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] for rows in reader.tables if rows
    ]


def table_with(html: str, *heads: str) -> list[Row]:
    """The first table that has these columns; fails when none has."""
    for table in tables(html):
        if table and set(heads) <= set(table[0]):
            return table
    raise AssertionError(f"no table has the columns {heads}")


def has_table(html: str, *heads: str) -> bool:
    """Whether a table has these columns and a row."""
    return any(table and set(heads) <= set(table[0]) for table in tables(html))
