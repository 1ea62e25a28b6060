"""What a question on the command line is, and what its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from cibot.chat.command import Command
from cibot.cli.view import Column, Show, View
from cibot.client.source import Source
from cibot.model import State
from cibot.reports.context import Context
from cibot.text import figures
from cibot.web.api import BY_PATH
from cibot.web.api.openapi import parameters
from cibot.web.api.tables import Lines

T = TypeVar("T")


def _options(path: str, names: Iterable[str]) -> list[click.Option]:
    """``--NAME`` for parameters of the question at ``path``, in the API's own words.

    An option with another name than its parameter is written ``"search=q"``.
    """
    by_name = {each["name"]: each for each in parameters(BY_PATH[path].params, path)}
    made = []
    for written in names:
        flag, _equals, name = written.partition("=")
        parameter = by_name[name or flag]
        choices = parameter["schema"].get("enum")
        kind = click.Choice(choices) if choices else click.STRING
        flags, metavar = [f"--{flag}", parameter["name"]], None if choices else flag.upper()
        made.append(click.Option(flags, type=kind, metavar=metavar, help=parameter["description"]))
    return made


@dataclass(frozen=True, slots=True)
class Asked:
    """The words after the command's name, and its own options by their names.

    The branch that an option names is among the words, as a chat has it.
    """

    words: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class ShellAnswer:
    """``body`` is the API's answer, for ``--json``; ``rows`` are for ``--csv``.

    ``code`` is the exit code with ``--exit-code``.
    """

    body: Any
    show: Show
    rows: Lines | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class ShellQuestion:
    """A chat command that the shell has, too: ``ask`` puts it to a source.

    ``path`` is its question's in the API, which has its table and knows whether it may be about one
    branch; ``more`` are parameters of that which are options here. ``examples`` are more calls for
    its help; ``codes`` says what ``--exit-code`` tells.
    """

    command: Command
    ask: Callable[[Source, Asked], ShellAnswer]
    path: str = ""
    more: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    codes: str = ""

    @property
    def csv(self) -> bool:
        """Whether its answer is a table."""
        return bool(self.path) and BY_PATH[self.path].table is not None

    @property
    def options(self) -> list[click.Option]:
        """Its own options, the branch first."""
        if not self.path:
            return []
        return _options(self.path, [*(["branch"] if has_branch(self.path) else []), *self.more])

    @property
    def completes(self) -> str:
        """What its first argument names: "ci", "project", "state", or "" for something else."""
        first = self.command.usage.partition(" ")[2].partition(" ")[0]
        return next((_NAMED[word] for word in re.findall(r"\w+", first) if word in _NAMED), "")


_NAMED = {"NAME": "ci", "A": "ci", "P": "project", "PROJECT": "project", "STATE": "state"}


def has_branch(path: str) -> bool:
    """Whether the question at ``path`` may be about one branch."""
    return "branch" in BY_PATH[path].params.model_fields


def answered(
    path: str, answer: T, show: Callable[[Context, T], View], code: int | None = None
) -> ShellAnswer:
    """The answer to the question at ``path``, with its table where it has one."""
    table = BY_PATH[path].table
    return ShellAnswer(answer, lambda ctx: show(ctx, answer), table and table(answer), code)


def _interval(row: Any) -> str:
    """The 95 % interval of a share; empty when it has none."""
    if row.rate is None or row.rate.low is None or row.rate.high is None:
        return ""
    return figures.interval(row.rate.low, row.rate.high)


RATE: tuple[Column[Any], ...] = (
    Column("Passed", lambda row: figures.percent(row.rate.share) if row.rate else "", right=True),
    Column("95 %", _interval),
)
SUBJECT = Column[Any]("Subject", lambda row: figures.cut(row.subject, 60), wide=True, loose=True)
"""Columns of several tables: a rate, and what a patch set is about."""

CODES = {
    State.HEALTHY: 0,
    State.DEGRADED: 3,
    State.FAILING: 4,
    State.SILENT: 5,
    State.UNKNOWN: 6,
}
"""0 is well; 1 is an error and 2 a wrong command line, as everywhere."""

MEANING = ", ".join(f"{code} {state.value}" for state, code in CODES.items())


def of_states(states: Iterable[State]) -> int:
    """The code of the worst state; 0 when there are no states."""
    worst = min(states, key=lambda state: state.rank, default=State.HEALTHY)
    return CODES[worst]
