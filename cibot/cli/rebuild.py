"""``cibot rebuild``: parses and judges everything again and prints what differs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import TimeElapsedColumn

from cibot.bootstrap import open_migrated, utc_now
from cibot.cli.common import config_option, log_as_configured, read_config
from cibot.cli.progress import progress
from cibot.collector.rereading import reread
from cibot.daemon import memory_settings
from cibot.incidents.incident import Phase
from cibot.incidents.stored import read_incident
from cibot.judging.judging import Judging
from cibot.replay.differing import Opened, by_ci, differing
from cibot.store.checkpoints import forget_checkpoints
from cibot.store.cis import all_cis
from cibot.store.engine import Tx
from cibot.store.incidents import every_incident, health_of


@click.command("rebuild")
@config_option
def rebuild_command(config_path: Path | None) -> None:
    """Parse every stored comment again, judge every CI from its first report, say what differs.

    For after an upgrade that reads or judges differently, or other thresholds. The bot
    may run meanwhile. This sends no message; the running bot corrects what it has
    said and is not so.

    \b
    Example:
      cibot rebuild
    """
    config = read_config(config_path).config
    log_as_configured(config, "error")
    store = open_migrated(config)
    memory_settings.settle()
    judging = Judging(store, config, utc_now, tells=False)
    try:
        before, states = store.read(_opened), store.read(_states)
        with progress(TimeElapsedColumn()) as bar:
            task = bar.add_task("reading", total=None)
            read = reread(store, utc_now, lambda n: bar.update(task, completed=n))
            store.write(forget_checkpoints)
            cis = store.read(all_cis)
            for ci in bar.track(cis, description="judging"):
                judging.judge(ci.id)
        differently = f"{read.comments} comments read, {read.changed} of them differently"
        healed = f", {read.healed} that were stored twice united" if read.healed else ""
        click.echo(f"{differently}{healed}; {len(cis)} CIs judged")
        for line in differing(before, store.read(_opened)):
            click.echo(line)
        for name, now in store.read(_states).items():
            if states.get(name, now) != now:
                click.echo(f"{name}: {states[name]} became {now}")
    finally:
        store.close()


def _opened(tx: Tx) -> Opened:
    names = {ci.id: ci.name for ci in all_cis(tx)}
    return by_ci(
        (names[row.ci_id], read_incident(row.body, row.id))
        for row in every_incident(tx)
        if row.ci_id in names and row.state != Phase.WITHDRAWN
    )


def _states(tx: Tx) -> dict[str, str]:
    names = {ci.id: ci.name for ci in all_cis(tx)}
    return {names[health.ci_id]: health.state for health in health_of(tx) if health.ci_id in names}
