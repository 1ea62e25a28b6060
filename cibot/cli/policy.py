"""``cibot policy explain NAME``: by what a CI is judged, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from pydantic import BaseModel

from cibot.chat.lines import one_line
from cibot.cli.common import config_option, read_config
from cibot.config import Config
from cibot.configjudgement import JudgementConfig
from cibot.configvalues import Section
from cibot.reports import text
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.homes import Home, homes
from cibot.store.engine import Tx, open_store
from cibot.store.migrate import require_current

_DEFAULT, _WRITTEN = "default", "configuration"


@click.group("policy")
def policy() -> None:
    """By what CIs are judged."""


@policy.command("explain")
@config_option
@click.argument("name")
def explain(config_path: Path | None, name: str) -> None:
    """Print by what a CI is judged: its scope, its reference and every threshold.

    Each line says whether it is the default or stands in the configuration
    (the file, or a CIBOT_ variable).

    \b
    Example:
      cibot policy explain netapp
    """
    config = read_config(config_path).config
    store = open_store(config.store.url.get_secret_value())
    try:
        require_current(store)
        found, home = store.read(lambda tx: _home(tx, config, name))
    finally:
        store.close()
    for line in (*_about(config, found, home), "", *_thresholds(config.judgement)):
        click.echo(line)


def _home(tx: Tx, config: Config, name: str) -> tuple[str, Home]:
    row = find_ci(tx, name)
    return row.name, homes(tx, Context(datetime.now(UTC), config)).get(row.id, Home((), None))


def _about(config: Config, name: str, home: Home) -> Iterator[str]:
    yield name
    known = next((one for one in config.ci if one.name == name), None)
    for key in ("projects", "branches"):
        own = known is not None and key in known.model_fields_set
        patterns = getattr(known, key) if known is not None else ("*",)
        yield _line(key, text.listed(patterns), "its [[ci]]" if own else _DEFAULT)
    if home.projects:
        yield _line("reports on", text.some(home.projects, 5), "its last verdicts")
        main = home.projects[0]
        configured = Context(datetime.now(UTC), config).configured_reference(main)
        source = "[[reference]]" if configured else f"who judges most on {main}"
        yield _line("reference", home.reference or "none, or it is the reference itself", source)


def _thresholds(judgement: JudgementConfig) -> Iterator[str]:
    for name, value in judgement:
        if not isinstance(value, Section):
            yield from _section("judgement", judgement, [name])
    for name, value in judgement:
        if isinstance(value, Section):
            yield from _section(f"judgement.{name}", value, list(type(value).model_fields))


def _section(title: str, section: BaseModel, keys: list[str]) -> Iterator[str]:
    yield f"[{title}]"
    for key in keys:
        source = _WRITTEN if key in section.model_fields_set else _DEFAULT
        yield _line(key, _value(getattr(section, key)), source)


def _line(key: str, value: str, source: str) -> str:
    return f"  {key:<15} {one_line(text.cut(value, 200))}  ({source})"


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return text.span(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
