"""What a question on the command line is, and what its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from cibot.chat.command import Command
from cibot.chat.typed import about, about_branch
from cibot.cli.view import Show
from cibot.client.source import Source
from cibot.model import State
from cibot.reports.signals import Rate
from cibot.text import figures
from cibot.web.api import BY_PATH
from cibot.web.api.openapi import parameters
from cibot.web.api.tables import Lines

T = TypeVar("T")


def options(path: str, *names: str) -> tuple[click.Option, ...]:
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
    return tuple(made)


BRANCH = options("/cis/<name>", "branch")
BRANCHES = options("/report", "branch")


@dataclass(frozen=True, slots=True)
class Asked:
    """The words after the command's name, and its own options by their names."""

    words: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The words as one text."""
        return " ".join(self.words)

    @property
    def branch(self) -> str | None:
        """The branch that an option names."""
        return self.options.get("branch")

    def about_branch(self, ask: Callable[[str, str | None], T]) -> T:
        """Asks about the CI or project of the words, on the branch that they or an option name."""
        if self.branch is None:
            return about_branch(self.words, ask)
        return about(self.words, lambda name: ask(name, self.branch))


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

    ``examples`` are more calls for its help; ``codes`` says what ``--exit-code`` tells.
    """

    command: Command
    ask: Callable[[Source, Asked], ShellAnswer]
    options: Sequence[click.Option] = ()
    examples: tuple[str, ...] = ()
    csv: bool = False
    codes: str = ""
    completes: str = ""


def sheet(path: str, answer: Any) -> Lines:
    """The lines of an answer to the question at ``path``, heads first."""
    table = BY_PATH[path].table
    assert table is not None, path
    return table(answer)


def interval(rate: Rate | None) -> str:
    """The 95 % interval of a share; empty when it has none."""
    if rate is None or rate.low is None or rate.high is None:
        return ""
    return figures.interval(rate.low, rate.high)


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
