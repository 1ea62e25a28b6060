"""``cibot check``: tries every connection of the configuration, and says what to do."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cibot.chat.findings import Finding, Mark, wrong
from cibot.cli.common import config_option, read_config
from cibot.cli.probes import Probe, chat_probes, core_probes, findings
from cibot.cli.webhook import setup, wait_for_events
from cibot.config.keys import secret_values
from cibot.config.models import Config
from cibot.logs import Scrubber, escaped
from cibot.text import figures

_COLOURS = {Mark.RIGHT: "green", Mark.NOTE: "yellow", Mark.WRONG: "red"}


@click.command()
@config_option
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="How long one connection may take.",
)
@click.option(
    "--webhook",
    is_flag=True,
    help="Print each webhooks.config with its token, and wait for an event of each Gerrit.",
)
@click.option(
    "--wait",
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    help="How long --webhook waits.",
)
def check(config_path: Path | None, timeout: float, webhook: bool, wait: float) -> None:
    """Try every connection and say what is wrong.

    Looks at the database, the web address, each Gerrit, each chat network;
    all at once. Nothing is written, sent or joined. Exits with 1 when
    something is wrong.

    \b
    Examples:
      cibot check --config config/cibot.toml
      cibot check --webhook
    """
    loaded = read_config(config_path)
    # the libraries' own warnings would only interrupt the report
    logging.getLogger().addHandler(logging.NullHandler())
    clean = Scrubber(secret_values(loaded.config))
    for warning in loaded.warnings:
        _print("configuration", Finding(Mark.NOTE, warning), clean)
    probes = [*core_probes(loaded.config), *chat_probes(loaded.config)]
    failed = 0
    for probe, finding in run_all(probes, timeout):
        _print(probe.what, finding, clean)
        failed += finding.mark is Mark.WRONG
    if not loaded.config.gerrit:
        _print("gerrit", wrong("no [[gerrit]]: there is nothing to read"), clean)
        failed += 1
    if webhook:
        for what, finding in _webhooks(loaded.config, wait):
            _print(what, finding, clean)
            failed += finding.mark is Mark.WRONG
    if failed:
        click.echo(f"{failed} to mend")
        raise SystemExit(1)
    click.echo("All is well.")


def _webhooks(config: Config, seconds: float) -> Iterator[tuple[str, Finding]]:
    """Prints each Gerrit's webhook configuration with its token, then waits for an event."""
    hooked = [gerrit for gerrit in config.gerrit if gerrit.webhook_token]
    if not hooked or config.web.public_url is None:
        yield "webhook", wrong("a [[gerrit]] with `webhook_token` and `public_url` in [web] first")
        return
    for gerrit in hooked:
        click.echo("\n".join(map(escaped, setup(gerrit, str(config.web.public_url)))))
    click.echo(f"Waiting {figures.duration(seconds)} at most for an event of each Gerrit.")
    for name, finding in wait_for_events(config, seconds):
        yield f"webhook {name}", finding


def _print(what: str, finding: Finding, clean: Scrubber) -> None:
    mark = click.style(finding.mark.value, fg=_COLOURS[finding.mark])
    click.echo(f"{mark} {escaped(clean(f'{what}: {finding.text}'))}")


def run_all(probes: Sequence[Probe], timeout: float) -> Iterator[tuple[Probe, Finding]]:
    """Runs all at once; yields in the order of ``probes`` as soon as each finding is there.

    A probe that takes longer than ``timeout`` seconds is given up with a
    finding that says so; its thread is left behind.
    """
    boxes: list[queue.SimpleQueue[Finding | None]] = []
    deadline = time.monotonic() + timeout
    for probe in probes:
        boxes.append(queue.SimpleQueue())
        threading.Thread(target=_fill, args=(probe, boxes[-1]), daemon=True).start()
    for probe, box in zip(probes, boxes, strict=True):
        yield from ((probe, finding) for finding in _drain(box, deadline, timeout))


def _fill(probe: Probe, box: queue.SimpleQueue[Finding | None]) -> None:
    try:
        for finding in findings(probe):
            box.put(finding)
    finally:
        box.put(None)


def _drain(
    box: queue.SimpleQueue[Finding | None], deadline: float, timeout: float
) -> Iterator[Finding]:
    while True:
        try:
            finding = box.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield wrong(f"no answer within {timeout:g} s; is a firewall or proxy between?")
            return
        if finding is None:
            return
        yield finding
