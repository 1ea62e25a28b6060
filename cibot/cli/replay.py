"""``cibot replay [SERVER=]FILE…``: the messages that a recorded history would have caused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import TimeElapsedColumn

from cibot import logs
from cibot.cli.common import FILE, read_config
from cibot.cli.progress import progress
from cibot.config.models import Config
from cibot.daemon import memory_settings
from cibot.errors import UserError
from cibot.replay.differing import differing, opened_in
from cibot.replay.reading import BrokenLine, Line, read
from cibot.replay.run import Progress as Reached
from cibot.replay.run import Replayed, judge, opened, take_in
from cibot.replay.timeline import Timeline
from cibot.replay.written import configured, lines, rows
from cibot.store.accounts import gerrit_ids
from cibot.text.cleaning import one_line


@click.command("replay")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="[SERVER=]FILE…")
@click.option(
    "--config",
    "config_path",
    type=FILE,
    metavar="PATH",
    help="Thresholds, CIs and references of a configuration. Default: the defaults.",
)
@click.option(
    "--json",
    "json_path",
    type=FILE,
    metavar="OUT",
    help="Write the incidents as JSON to this file (- for standard output).",
)
@click.option(
    "--ci",
    "cis",
    multiple=True,
    metavar="ACCOUNT_ID=NAME",
    help="An account is this CI's. May be repeated.",
)
@click.option(
    "--reference", metavar="ACCOUNT_ID|NAME", help="The CI that the others are compared with."
)
@click.option(
    "--discover", is_flag=True, help="Find CIs by what they write; the default when no CI is named."
)
@click.option(
    "--against",
    type=FILE,
    metavar="OTHER.toml",
    help="Judge by this configuration too, and list the incidents that differ.",
)
def replay_command(
    files: tuple[Path, ...],
    config_path: Path | None,
    json_path: Path | None,
    cis: tuple[str, ...],
    reference: str | None,
    discover: bool,
    against: Path | None,
) -> None:
    """Judge recorded history and print which messages would have been sent when.

    FILE holds a change a line as Gerrit's REST gives it with o=MESSAGES, or events of
    the webhooks plugin or stream-events; JSON, gzip or not. Nothing is sent to anybody.
    Name the SERVER of each where they are of several and their lines do not say so.

    \b
    Examples:
      cibot replay changes.jsonl.gz --discover
      cibot replay changes.jsonl --ci 3=Acme --reference 1 --json incidents.json
      cibot replay changes.jsonl --config cibot.toml --against stricter.toml
    """  # fmt: skip
    logs.set_up("error", "text")
    named = _named(cis)
    config = read_config(config_path).config if config_path else Config()
    other = read_config(against).config if against else None
    find = discover or not (named or config.ci)
    broken = BrokenLine()
    changes = list(read(files, broken))
    if not changes:
        raise UserError("there is no change in these files" + _broken(broken))
    servers = list(dict.fromkeys(line.server for line in changes))
    config = configured(config, servers, named, reference, find)
    memory_settings.settle()
    with opened() as store, _bar() as reached:
        taken = take_in(store, config, changes, reached)
        judged = judge(store, config, taken, reached)
        accounts = store.read(gerrit_ids)
        second = None
        if other is not None:
            other = configured(other, servers, named, reference, find)
            second = _again(other, changes, reached)
    _show(judged, accounts, json_path, broken, quiet=second is not None)
    if second is not None:
        for line in differing(opened_in(judged), opened_in(second)):
            click.echo(shown(line))


def shown(line: str) -> str:
    """Hostile text as one plain line, with the blanks that it begins with."""
    text = line.lstrip(" ")
    return " " * (len(line) - len(text)) + one_line(text)


def _again(config: Config, changes: list[Line], reached: Reached) -> Replayed:
    """The same history by another configuration, in a store of its own."""
    with opened() as store:
        return judge(store, config, take_in(store, config, changes, reached), reached)


def _show(
    judged: Replayed,
    accounts: dict[int, int | None],
    json_path: Path | None,
    broken: BrokenLine,
    *,
    quiet: bool,
) -> None:
    timeline = Timeline(judged)
    to_screen = json_path is not None and str(json_path) == "-"
    for said in timeline.said():
        if not (to_screen or quiet):
            for line in lines(said):
                click.echo(shown(line))
    if json_path is not None:
        written = json.dumps(rows(timeline, judged.cis, accounts), ensure_ascii=False, indent=1)
        if to_screen:
            click.echo(written)
        else:
            json_path.write_text(written + "\n", encoding="utf-8")
    incidents = sum(map(len, timeline.incidents.values()))
    opened_ones = len(rows(timeline, judged.cis, accounts))
    click.echo(
        f"{judged.changes} changes, {judged.messages} messages, {len(judged.cis)} CIs:"
        f" {opened_ones} incidents opened, {incidents - opened_ones} came to nothing"
        + _broken(broken),
        err=True,
    )
    if not judged.cis:
        click.echo(
            "no CI wrote there; name one with --ci ACCOUNT_ID=NAME, or try --discover", err=True
        )


def _broken(broken: BrokenLine) -> str:
    if not broken.count:
        return ""
    return f"; {broken.count} lines could not be read: " + "; ".join(broken.said)


def _named(cis: tuple[str, ...]) -> dict[int | str, str]:
    names: dict[int | str, str] = {}
    for ci in cis:
        account, equals, name = ci.partition("=")
        if not (account and equals and name.strip()):
            raise UserError(f"--ci {ci}: write ACCOUNT_ID=NAME, like 35648=Acme")
        names[int(account) if account.isdigit() else account] = name.strip()
    return names


@contextmanager
def _bar() -> Iterator[Reached]:
    """Shows how far it is, where somebody looks."""
    with progress(TimeElapsedColumn()) as bar:
        tasks = {name: bar.add_task(name, total=None) for name in ("reading", "judging")}

        def show(name: str, done: int, total: int) -> None:
            bar.update(tasks[name], completed=done, total=total)

        yield show
