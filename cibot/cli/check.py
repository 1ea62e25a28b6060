"""``cibot check``: tries every connection of the configuration, and says what to do."""

from __future__ import annotations

import errno
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import requests

from cibot.bootstrap import make_gerrit
from cibot.chat.findings import Finding, Mark, note, right, wrong
from cibot.cli.common import Command, config_option, read_config
from cibot.cli.webhook import address, setup, wait_for_events
from cibot.collector.gerrit import Gerrit, NotFound, RequestRefused
from cibot.config.keys import secret_values
from cibot.config.models import Config, GerritConfig, WebConfig
from cibot.config.networks import named
from cibot.errors import Permanent, Transient, reason_of
from cibot.logs import Scrubber, escaped
from cibot.reports.feeds import undelivered_words
from cibot.store.usability import look, usable
from cibot.text import figures
from cibot.text.figures import plural
from cibot.text.projects import project_filter

TIMEOUT = (5.0, 20.0)  # seconds to connect, to answer
_CLOCK_OFF = 30.0  # seconds; more than the poll's default overlap would lose nothing, but confuse


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to try; what ``run`` raises is a finding too."""

    what: str
    run: Callable[[], Iterator[Finding]]


def core_probes(config: Config) -> list[Probe]:
    """The database, the web face and each Gerrit."""
    url = config.store.url.get_secret_value()
    web = config.web
    return [
        Probe("database", lambda: _database(url)),
        Probe("web", lambda: _web(web)),
        Probe("reference", lambda: _references(config)),
        *(Probe(f"gerrit {gerrit.name}", _gerrit_probe(gerrit, web)) for gerrit in config.gerrit),
    ]


def _database(url: str) -> Iterator[Finding]:
    try:
        yield right(look(url))
    except Permanent as error:
        file = url.removeprefix("sqlite:///")  # of another database the error names the host
        named = file == url or file in str(error)
        yield wrong(str(error) if named else f"{file}: {error}")


def _web(web: WebConfig) -> Iterator[Finding]:
    host, _, port = web.listen.rpartition(":")
    try:
        host = "" if host == "*" else host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, int(port)), family=family):
            yield right(f"{web.listen} is free to listen on")
    except OSError as error:
        said = f"cannot listen on {web.listen}: {str(error.strerror or error).partition(' (')[0]}"
        taken = error.errno == errno.EADDRINUSE
        yield note(f"{said} (is cibot running already?)") if taken else wrong(said)
    if web.public_url is None:
        yield note("no `public_url`: what the bot says in chat carries no links")
    else:
        yield _public(str(web.public_url))


def _public(url: str) -> Finding:
    try:
        with requests.get(url.rstrip("/") + "/healthz", timeout=TIMEOUT) as answer:
            if answer.status_code == 200:
                return right(f"{url} answers")
            reason = f"answers {answer.status_code}"
    except requests.RequestException as error:
        reason = f"does not answer ({type(error).__name__})"
    return note(f"public_url {url} {reason}; right if cibot does not run yet")


def _references(config: Config) -> Iterator[Finding]:
    """Anybody may choose any name for an account, so a name alone proves little."""
    listed = {ci.name for ci in config.ci if ci.accounts}
    for name in dict.fromkeys(entry.ci for entry in config.reference):
        if name not in listed:
            yield note(
                f"{name} is known by its name only, and another account may take that; list its"
                " accounts in a [[ci]]"
            )


def _gerrit_probe(config: GerritConfig, web: WebConfig) -> Callable[[], Iterator[Finding]]:
    def run() -> Iterator[Finding]:
        gerrit = make_gerrit(config, retries=0, timeout=TIMEOUT)  # a person waits
        try:
            yield right(f"Gerrit {gerrit.version()} at {gerrit.url}")
            yield _login(gerrit, config)
            yield from _changes(gerrit)
            yield _projects(gerrit, config)
            for group in config.ci_groups:
                yield _group(gerrit, group)
        finally:
            gerrit.close()
        yield _webhook(config, web)

    return run


def _login(gerrit: Gerrit, config: GerritConfig) -> Finding:
    if config.username is None:
        return right("no login: reads what everybody can see")
    account = gerrit.account("self")
    return right(f"logged in as {account.username or config.username} ({account.gerrit_id})")


def _changes(gerrit: Gerrit) -> Iterator[Finding]:
    asked = datetime.now(UTC)
    page = gerrit.changes('after:"2000-01-01 00:00:00"', limit=1)
    if page.broken:
        yield wrong(f"a change could not be read: {page.broken[0].reason}")
    elif page.keys:
        yield right("changes can be read")
    else:
        yield note("no change can be seen; is the login's group allowed to read the projects?")
    if page.served_at is not None:
        off = (page.served_at - asked).total_seconds()
        if abs(off) > _CLOCK_OFF:
            way = "ahead of" if off > 0 else "behind"
            yield wrong(f"its clock is {abs(off):.0f} s {way} ours; set both by NTP")


def _projects(gerrit: Gerrit, config: GerritConfig) -> Finding:
    names = gerrit.projects()
    if not names:
        return wrong("no project can be seen; give the login the right to read them")
    unseen = [
        pattern for pattern in config.projects if not any(map(project_filter([pattern]), names))
    ]
    if unseen:
        return wrong(f"of {len(names)} projects none fits {', '.join(unseen)}; see `projects`")
    return right(f"{plural(len(names), 'project')} can be seen")


def _group(gerrit: Gerrit, group: str) -> Finding:
    try:
        members = gerrit.group_members(group)
    except (NotFound, RequestRefused) as error:
        return wrong(
            f"group {group} cannot be seen ({error}); make it visible to all registered users, "
            "or the bot's account a member"
        )
    if not members:
        return note(f"group {group} has no members")
    return right(f"group {group} has {len(members)} members")


def _webhook(config: GerritConfig, web: WebConfig) -> Finding:
    if config.webhook_token is None:
        return note("no `webhook_token`: comments arrive by polling only")
    base = str(web.public_url or "")
    if not base:
        return note("webhook_token is set; Gerrit needs `public_url` to post to")
    return note(
        f"that webhooks arrive at {address(config, base)}TOKEN was not tried;"
        " `cibot check --webhook` waits for one"
    )


def findings(probe: Probe) -> Iterator[Finding]:
    """What a probe finds; an error ends it and is its last finding."""
    try:
        yield from probe.run()
    except Transient as error:
        yield wrong(f"{error} (may work later)")
    except Exception as error:  # noqa: BLE001 - what could not be tried is not well
        yield wrong(reason_of(error))


def chat_probes(config: Config) -> list[Probe]:
    """Each network's own probe, with the rooms that alerts and summaries go to; the outbox."""
    url = config.store.url.get_secret_value()
    probes = [
        Probe(
            f"{network.section} {network.name}",
            partial(named(network.probe), network, _rooms(config, network.name)),
        )
        for network in config.networks
        if network.probe
    ]
    return [*probes, Probe("outbox", lambda: _unsaid(url))]


def _unsaid(url: str) -> Iterator[Finding]:
    """What the running bot could not say; nothing where the database cannot be asked."""
    store = usable(url)
    if store is None:
        return  # the database's own probe tells why
    try:
        for network, words in store.read(undelivered_words).items():
            yield note(f"{network}: {words}; see `cibot outbox list`")
    finally:
        store.close()


def _rooms(config: Config, network: str) -> list[str]:
    channels = [name for route in config.route for name in route.channels]
    channels += [summary.channel for summary in config.summary]
    named_rooms = (name.partition("/") for name in channels)
    return list(dict.fromkeys(room for there, _, room in named_rooms if there == network))


_COLOURS = {Mark.RIGHT: "green", Mark.NOTE: "yellow", Mark.WRONG: "red"}


def _seconds(flag: str, default: float, help_text: str) -> Callable[[Command], Command]:
    """An option of a length of time."""
    kind = click.FloatRange(min=0, min_open=True, max=3600)
    return click.option(
        flag, default=default, show_default=True, metavar="SECONDS", type=kind, help=help_text
    )


@click.command()
@config_option
@_seconds("--timeout", 30.0, "How long one connection may take.")
@click.option(
    "--webhook",
    is_flag=True,
    help="Print each webhooks.config with its token, and wait for an event of each Gerrit.",
)
@_seconds("--wait", 120.0, "How long --webhook waits.")
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
