"""What the shell completes after a command: CIs, projects, states. Never an error, never slow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import click
from click.shell_completion import CompletionItem

from cibot.cli.connect import connect, take_wish
from cibot.client.source import Source, all_cis
from cibot.errors import CibotError
from cibot.model import State
from cibot.web.api.general import ProjectList

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(what: str) -> Complete | None:
    """The completion of ``what``: "ci", "project", "state", or None for nothing."""
    if what == "state":
        return lambda _ctx, _parameter, begun: _fitting([state.value for state in State], begun)
    names = _NAMES.get(what)
    if names is None:
        return None

    def completions(
        ctx: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        try:
            with closing(connect(take_wish(dict(ctx.params)), timeout=_PATIENCE)) as source:
                return _fitting(names(source), begun)
        except CibotError:
            return []  # Tab completion offers names or nothing, never an error

    return completions


_PATIENCE = (1.0, 2.0)  # seconds to connect, to answer


def _fitting(names: list[str], begun: str) -> list[CompletionItem]:
    start = begun.casefold()
    return [CompletionItem(name) for name in names if name.casefold().startswith(start)]


_NAMES: dict[str, Callable[[Source], list[Any]]] = {
    "ci": lambda source: [ci.name for ci in all_cis(source, sort="name").items],
    "project": lambda source: [
        project.name for project in source.ask(ProjectList, "/projects").items
    ],
}
