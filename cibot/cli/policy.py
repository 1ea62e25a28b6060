"""``cibot policy explain NAME``: by what a CI is judged, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from pydantic import BaseModel

from cibot.cli.common import config_option, configured_store, read_config
from cibot.config.judgement import Judgement, Policy
from cibot.config.policy import Thresholds
from cibot.health.references import named_for
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.reports.home_projects import Home, home_of
from cibot.store.engine import Tx
from cibot.store.histories import main_pipeline
from cibot.text import figures
from cibot.text.cleaning import one_line

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
    ctx = Context(datetime.now(UTC), config)
    with configured_store(config_path) as store:
        ci, home, pipeline = store.read(lambda tx: _home(tx, ctx, name))
    judgement = config.judgement
    main = home.projects[0] if home.projects else None
    rules = {
        (part, key): f"[[judgement.override]] {number}"
        for part, key, number in judgement.sources(ci, main, pipeline)
    }
    policy = judgement.policy_of(ci, main, pipeline)
    for line in (
        *_about(ctx, ci, home, pipeline),
        "",
        *_thresholds(judgement, policy, rules),
    ):
        click.echo(line)


def _home(tx: Tx, ctx: Context, name: str) -> tuple[str, Home, str | None]:
    row = find_ci(tx, name)
    home = home_of(tx, ctx, row.id)
    return row.name, home, main_pipeline(tx, row.id)


def _about(ctx: Context, name: str, home: Home, pipeline: str | None) -> Iterator[str]:
    yield name
    entry = ctx.entry(name)
    for key in ("projects", "branches"):
        source = "its [[ci]]" if key in entry.model_fields_set else _DEFAULT
        yield _line(key, figures.listed(getattr(entry, key)), source)
    if home.projects:
        yield _line("reports on", figures.some(home.projects, 5), "its last verdicts")
        yield _line("pipeline", pipeline or "none", "most of its last verdicts")
        main = home.projects[0]
        named = named_for(ctx.config.reference, main)
        source = "[[reference]]" if named else f"who judges most on {main}"
        yield _line("reference", home.reference or "none, or it is the reference itself", source)


def _thresholds(
    judgement: Judgement, policy: Policy, rules: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    """What applies, and where it is from: a rule for some, the configuration, the default."""
    yield "[judgement]"
    for key in ("feed_stale", "uncounted"):
        yield _line(key, _value(getattr(policy, key)), _source(judgement, key))
    for part in Policy.model_fields:
        section = getattr(judgement, part)
        if isinstance(section, Thresholds):
            yield f"[judgement.{part}]"
            values = getattr(policy, part)
            for key in type(section).model_fields:
                source = rules.get((part, key)) or _source(section, key)
                yield _line(key, _value(getattr(values, key)), source)


def _source(section: BaseModel, key: str) -> str:
    return _WRITTEN if key in section.model_fields_set else _DEFAULT


def _line(key: str, value: str, source: str) -> str:
    return f"  {key:<15} {one_line(figures.cut(value, 200))}  ({source})"


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return figures.span(value)
    if isinstance(value, tuple):
        return figures.listed(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
