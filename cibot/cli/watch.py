"""Writes an answer: for eyes, plain for a pipe, as JSON or CSV; or again and again."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import click
from rich.color import Color
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from cibot.chat.console import COLOURS
from cibot.cli.questions.question import ShellAnswer
from cibot.cli.view import Table, View
from cibot.client.source import Source
from cibot.errors import Transient
from cibot.text.card import Line, Span
from cibot.text.cleaning import between_blanks, clean, one_line
from cibot.web.api.plain import plain
from cibot.web.api.tables import Lines, write_csv

_WIDE = 100  # columns of a terminal from which on nothing is left out
_ENDLESS = 100_000  # columns of what is no terminal: nothing is wrapped
_LEAST = 16  # columns of what wraps
_GAP = 2
# Control characters that JSON does not escape and terminals obey; they occur within strings only.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STATES = {
    state: Style(bold=True, color=Color.from_ansi(int(code) - 30))
    for state, code in COLOURS.items()
}


def to_terminal(view: View, width: int) -> RenderableType:
    """For rich: colours, links, tables that fit into ``width`` columns."""
    parts = [
        _rich_table(part, width) if isinstance(part, Table) else _rich_line(part)
        for part in _aired(view)
    ]
    link = one_line(view.link or "")
    return Group(*parts, *([Text(link, Style(dim=True, link=link))] if link else []))


def print_view(view: View) -> None:
    """To standard output; where that is no terminal, without colours, links and limits."""
    if sys.stdout.isatty():
        console = Console(highlight=False)
        console.print(to_terminal(view, console.width))
        return
    endless = Console(width=_ENDLESS, color_system=None, highlight=False)
    with endless.capture() as written:
        endless.print(to_terminal(replace(view, link=None), _ENDLESS))
    for row in written.get().splitlines():
        click.echo(row.rstrip())


def print_json(body: object) -> None:
    """A line of JSON, or indented on a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    written = json.dumps(plain(body), ensure_ascii=False, indent=indent)
    click.echo(_OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", written))


def print_csv(rows: Lines) -> None:
    """As RFC 4180 has it."""
    click.echo(write_csv(rows), nl=False)


def _aired(view: View) -> Iterator[Line | Table]:
    """The parts, with an empty line between a table and what follows it."""
    for before, part in pairwise((None, *view.parts)):
        if isinstance(before, Table):
            yield ()
        if part is not None:
            yield part


def _rich_table(table: Table, width: int) -> RichTable:
    shown = RichTable(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    shown_places = _fitting(table, width)
    for place in shown_places:
        column = table.columns[place]
        shown.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.loose,
            overflow="fold" if column.loose else "ellipsis",
        )
    for row in table.rows:
        shown.add_row(*(_rich_line(row[place]) for place in shown_places))
    return shown


def _fitting(table: Table, width: int) -> list[int]:
    """The columns that there is room for: the last go before one that wraps gets too narrow."""
    wide = width >= _WIDE
    shown = [place for place, column in enumerate(table.columns) if wide or not column.wide]
    widths = {place: _width(table, place) + _GAP for place in shown}
    for place in shown[:1:-1]:
        if sum(widths[other] for other in shown) - _GAP > width and not table.columns[place].loose:
            shown.remove(place)
    return shown


def _width(table: Table, place: int) -> int:
    """What a column needs; one that wraps does with less than its longest row."""
    column = table.columns[place]
    texts = [Text(column.title), *(_rich_line(row[place]) for row in table.rows)]
    needed = max(text.cell_len for text in texts)
    return min(needed, _LEAST) if column.loose else needed


def _rich_line(spans: Line) -> Text:
    text = Text()
    for span in spans:
        text.append(_clean(span), _style(span))
    text.rstrip()
    return text


def _style(span: Span) -> Style:
    style = _STATES[span.state] if span.state else Style(bold=True if span.strong else None)
    href = one_line(span.href or "")
    return style + Style(link=href) if href else style


def _clean(span: Span) -> str:
    return between_blanks(span.text, one_line(span.text))


EVERY = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Form:
    """The options that every question has. ``every`` is seconds."""

    json: bool = False
    csv: bool = False
    watch: bool = False
    every: float = EVERY
    exit_code: bool = False


def print_answer(answer: ShellAnswer, source: Source, form: Form) -> None:
    """Prints one answer to standard output."""
    if form.json:
        print_json(answer.body)
    elif form.csv:
        print_csv(answer.rows or ())
    else:
        print_view(answer.show(source.context()))


Sleep = Callable[[float], None]


def watch(
    ask: Callable[[], ShellAnswer],
    source: Source,
    form: Form,
    title: str,
    sleep: Sleep = time.sleep,
) -> None:
    """Asks every ``form.every`` seconds until Ctrl-C.

    A first answer must come; later a temporary failure is shown with the
    answer before it. Raises what ``ask`` raises otherwise.
    """
    answer = ask()
    try:
        if sys.stdout.isatty() and not (form.json or form.csv):
            answer = _in_place(answer, ask, source, form, title, sleep)
        else:
            _one_by_one(answer, ask, source, form, sleep)
    except KeyboardInterrupt:
        return


def _one_by_one(
    answer: ShellAnswer, ask: Callable[[], ShellAnswer], source: Source, form: Form, sleep: Sleep
) -> None:
    while True:
        print_answer(answer, source, form)
        if not form.json:
            click.echo("")
        sys.stdout.flush()
        answer = _next(ask, form, sleep)


def _next(ask: Callable[[], ShellAnswer], form: Form, sleep: Sleep) -> ShellAnswer:
    """The next answer that comes; failures go to standard error meanwhile."""
    while True:
        sleep(form.every)
        try:
            return ask()
        except Transient as error:
            click.echo(clean(f"Error: {error}; asking again in {form.every:g} s"), err=True)


def _in_place(
    answer: ShellAnswer,
    ask: Callable[[], ShellAnswer],
    source: Source,
    form: Form,
    title: str,
    sleep: Sleep,
) -> ShellAnswer:
    """On the whole terminal; what stood there comes back, with the last answer below it."""
    console = Console(highlight=False)
    trouble = ""
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                now = source.context().now
                said = f"{title} · {now:%H:%M:%S} UTC · every {form.every:g} s, Ctrl-C ends"
                heads = [Text(said, "dim"), *([Text(trouble, "bold red")] if trouble else [])]
                shown = to_terminal(answer.show(source.context()), console.width)
                live.update(Group(*heads, Text(), shown), refresh=True)
                sleep(form.every)
                try:
                    answer, trouble = ask(), ""
                except Transient as error:
                    trouble = str(error)
    except KeyboardInterrupt:
        console.print(to_terminal(answer.show(source.context()), console.width))
        raise
