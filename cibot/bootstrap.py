"""Puts the bot together from its configuration: the only place that names concrete classes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from flask import Blueprint
from prometheus_client import CollectorRegistry

from cibot.actions.leaving import close_retired
from cibot.chat.commands.summary import summary_card
from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Backend, Channel
from cibot.chat.summaries import MakeCard, Summaries
from cibot.collector.confirming import Confirmer
from cibot.collector.gathering import ReadSummary
from cibot.collector.gerrit import Gerrit
from cibot.collector.ingest import Ingest
from cibot.collector.poller import FEED, poll
from cibot.collector.roster import Roster
from cibot.config.models import Config, GerritConfig, SummaryConfig
from cibot.config.networks import kinds, named
from cibot.daemon.app import create_app
from cibot.daemon.bot import Bot
from cibot.daemon.leader import Leader, LeadersStore
from cibot.daemon.scheduler import Job, Scheduler
from cibot.errors import CibotError, Stopping
from cibot.judging import REST, Monitor
from cibot.judging.audience import Ticker
from cibot.judging.mass import mass_ticker
from cibot.judging.quiet_hours import quiet_ticker
from cibot.logs import died
from cibot.outbox.sender import Sender
from cibot.reports.context import Context
from cibot.reports.summary import rules_since, summary
from cibot.store.cis import ensure_server
from cibot.store.engine import Store, Tx, open_store
from cibot.store.migrate import require_current, upgrade
from cibot.store.requests import forget_requests
from cibot.store.set_aside import Aside
from cibot.store.unjudged import put_unjudged
from cibot.text.card import Card
from cibot.text.projects import project_filter
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from cibot.web.gate import Gate
from cibot.web.metrics import Intake, process_registry
from cibot.web.probes import parts, probes_blueprint
from cibot.web.proxy import behind_proxies
from cibot.web.server import WebServer
from cibot.webhooks.gerrit import Hook, feeds

log = logging.getLogger(__name__)

PAGE_SIZE = 100
_LOOK = timedelta(seconds=1)
_NEWS_TICK = timedelta(seconds=0.5)
_TICK = timedelta(seconds=60)
_SUMMARY_TICK = timedelta(seconds=20)
_REQUESTS_TICK = timedelta(hours=1)
_REPEATED_FOR = timedelta(days=1)  # Slack repeats an event for hours
_GROUPS_EVERY = timedelta(minutes=5)


def utc_now() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class GerritSource:
    """One Gerrit server: how to ask it, and where what it says goes."""

    config: GerritConfig
    gerrit: Gerrit
    roster: Roster
    ingest: Ingest
    confirmer: Confirmer
    aside: Aside
    clock: Callable[[], datetime] = utc_now
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _members: dict[str, frozenset[int]] = field(default_factory=dict)  # of groups
    _synced: frozenset[int] = frozenset()  # the members whose CIs are stored

    def poll(self) -> ReadSummary:
        """Polls once; a failure is kept with the feed and raised. The bot's stop is none."""
        try:
            with self._asking:
                summary = poll(
                    self.gerrit,
                    self.ingest,
                    overlap=self.config.overlap,
                    page_size=PAGE_SIZE,
                    projects=self.config.projects,
                    clock=self.clock,
                    first_look=self.config.first_look,
                    aside=self.aside,
                )
            self.confirmer.confirm()
            self.confirmer.look_again()
        except Stopping:
            raise
        except CibotError as error:
            self.ingest.failed(FEED, str(error))
            raise
        log.info(
            "polled server=%s pages=%d changes=%d new_comments=%d reports=%d broken=%d",
            self.config.name,
            summary.pages,
            summary.counts.changes,
            summary.counts.comments_new,
            summary.counts.reports_new,
            len(summary.broken),
        )
        return summary

    def learn_groups(self) -> None:
        """Looks up who is in the configured groups, and gives each CI its accounts."""
        failed: CibotError | None = None
        with self._asking:
            for name in self.config.ci_groups:
                try:
                    members = self.gerrit.group_members(name)
                except Stopping:
                    raise
                except CibotError as error:  # renamed, say: its members stay, others are looked up
                    failed = error
                    continue
                ids = (account.gerrit_id for account in members)
                self._members[name] = frozenset(number for number in ids if number is not None)
        groups = frozenset[int]().union(*self._members.values())
        if groups != self._synced:
            self.roster.groups = groups
            self.ingest.sync_roster()
            self._synced = groups
        if failed is not None:
            raise failed


def open_migrated(config: Config) -> Store:
    """The configured database, at its newest version: SQLite is upgraded, others must be."""
    store = open_store(config.store.url.get_secret_value())
    if store.engine.dialect.name == "sqlite":
        upgrade(store)
    else:
        require_current(store)
    return store


def make_gerrit(
    config: GerritConfig,
    stop: threading.Event | None = None,
    retries: int = 3,
    timeout: tuple[float, float] = (10.0, 60.0),
) -> Gerrit:
    """The client of a configured server; ``stop`` ends its waits."""
    return Gerrit(
        str(config.url),
        username=config.username,
        password=config.password.get_secret_value() if config.password else None,
        verify=str(config.ca_file) if config.ca_file else True,
        stop=stop,
        retries=retries,
        timeout=timeout,
    )


def make_source(
    config: Config,
    gerrit: GerritConfig,
    store: Store,
    on_reports: Callable[[set[int]], None] = lambda _cis: None,
    stop: threading.Event | None = None,
    intake: Intake | None = None,
    clock: Callable[[], datetime] = utc_now,
    note: Callable[[Tx, set[int]], None] = lambda _tx, _cis: None,
) -> GerritSource:
    """A configured server with its way into the store.

    ``intake`` counts what comes; ``note`` gets the CIs with new reports, in their transaction.
    """
    server_id = store.write(lambda tx: ensure_server(tx, gerrit.name, str(gerrit.url)))
    roster = Roster.from_config(config, gerrit.name)
    count = partial(intake.add, gerrit.name) if intake else lambda _feed, _counts: None
    ingest = Ingest(store, server_id, roster, clock, on_reports, count, note)
    aside = Aside(store, "change", clock, gerrit.name)
    confirmer = Confirmer(make_gerrit(gerrit, stop, retries=1), ingest, clock, stop, aside)
    return GerritSource(gerrit, make_gerrit(gerrit, stop), roster, ingest, confirmer, aside, clock)


def make_backends(config: Config) -> dict[str, Backend]:
    """A backend for each configured network; what no network needs is not imported."""
    return {network.name: named(network.backend)(network) for network in config.networks}


def _hooks(sources: list[GerritSource]) -> dict[str, Hook]:
    return {
        source.config.name: Hook(
            source.config.webhook_token.get_secret_value(),
            source.ingest,
            project_filter(source.config.projects),
            # Without a poll nothing is ever shown by REST: events are all there is.
            *((source.ingest.knows, source.confirmer.ask) if source.config.poll else ()),
        )
        for source in sources
        if source.config.webhook_token is not None
    }


def _jobs(
    sources: list[GerritSource],
    monitor: Monitor,
    summaries: Summaries,
    quiet: Ticker,
    mass: Ticker,
    renew: Callable[[], None],
) -> list[Job]:
    jobs = [
        Job("lease", _LOOK, renew, at_once=False, led=False),
        Job("judge", _TICK, monitor.judge_all),
        Job("judge others' news", _NEWS_TICK, monitor.judge_unjudged),
        Job("summaries", _SUMMARY_TICK, summaries.tick),
        Job("quiet hours", _SUMMARY_TICK, quiet.tick),
        Job("mass failures", _SUMMARY_TICK, mass.tick),
    ]
    for source in sources:
        if source.config.poll:
            poll = partial(_poll_and_judge, source, monitor)
            jobs.append(Job(f"poll {source.config.name}", source.config.poll_every, poll))
        if source.config.ci_groups:
            jobs.append(Job(f"groups {source.config.name}", _GROUPS_EVERY, source.learn_groups))
    return jobs


def _poll_and_judge(source: GerritSource, monitor: Monitor) -> None:
    """Polls; who could not be judged while the feed was stale is judged right after it."""
    source.poll()
    monitor.judge_all()


def _rooms(config: Config) -> list[Channel]:
    """Every channel that receives messages, without repeats."""
    named = [channel for route in config.route for channel in route.channels]
    named += [summary_config.channel for summary_config in config.summary]
    return [Channel.parse(name) for name in dict.fromkeys(named)]


def _daily(config: Config) -> MakeCard:
    def make(tx: Tx, to: SummaryConfig, since: datetime, now: datetime) -> Card:
        ctx = Context(now, config, to.time_zone)
        rules = None if to.every == "day" else rules_since(tx, ctx, since, to)
        return summary_card(ctx, summary(tx, ctx, since, to), to.parts, rules)

    return make


def _chat_hooks(config: Config, backends: Mapping[str, Backend]) -> list[Blueprint]:
    """The addresses at which chat networks call, one blueprint a kind that has any."""
    return [
        named(kind.hooks)(
            {
                network.name: backends[network.name]
                for network in config.networks
                if isinstance(network, kind)
            }
        )
        for kind in kinds()
        if kind.hooks
    ]


def _web(
    config: Config,
    asking: Asking,
    backends: Mapping[str, Backend],
    sources: list[GerritSource],
    registry: CollectorRegistry,
    clock: Callable[[], datetime],
) -> WebServer:
    """Everything that HTTP sees, behind as many proxies as the configuration says."""
    app = create_app(
        [
            probes_blueprint(parts(asking, backends), Gate(config).admits, died),
            *face_blueprints(asking, registry),
            *_chat_hooks(config, backends),
        ]
    )
    app = behind_proxies(app, config.web)
    return WebServer(
        app,
        config.web.listen,
        together=feeds(_hooks(sources), clock),
        pages=config.web.page_threads,
        proxies=config.web.proxies,
        prefix=config.web.prefix,
    )


def _note_for_leader(leader: Leader, tx: Tx, ci_ids: set[int]) -> None:
    """What a process stores that does not judge is looked for by the one that does."""
    if not leader.held():
        put_unjudged(tx, ci_ids)


def _forget(store: Store, clock: Callable[[], datetime]) -> int:
    """Forgets the requests that no network repeats any more."""
    return store.write(lambda tx: forget_requests(tx, clock() - _REPEATED_FOR))


def _sync_cis(
    store: Store, config: Config, sources: list[GerritSource], clock: Callable[[], datetime]
) -> None:
    """Makes the stored CIs those of the configuration."""
    for source in sources:
        source.ingest.sync_roster()
    store.write(lambda tx: close_retired(tx, config, Context(clock(), config)))


def build(
    config: Config,
    extra: Mapping[str, Backend] | None = None,
    clock: Callable[[], datetime] = utc_now,
    rest: int = REST,
) -> Bot:
    """The whole bot, ready to start.

    ``extra`` are backends that no configuration names, or that take the place of one of it.
    ``clock`` gives the time of rows and messages; waits for the network are real. ``rest`` says
    how many times as long as its judging a CI that has news rests before the next, at least.
    Raises ConfigError or MigrationError, with the remedy.
    """
    store = open_migrated(config)
    backends = make_backends(config) | dict(extra or {})
    stop = threading.Event()
    leader = Leader(store, clock)
    led = LeadersStore(store, leader)
    sender = Sender(store, backends, clock, rooms=_rooms(config), leads=leader.held, claims=led)
    monitor = Monitor(led, config, clock, sender.wake, leader.held, rest)
    registry = process_registry()
    intake = Intake(registry)
    note = partial(_note_for_leader, leader)
    sources = [
        make_source(config, gerrit, store, monitor.heard, stop, intake, clock, note)
        for gerrit in config.gerrit
    ]
    _sync_cis(store, config, sources, clock)
    summaries = Summaries(led, config.summary, _daily(config), clock, sender.wake)
    answer = Dispatcher(
        store, config, clock, lambda: {name: backend.link() for name, backend in backends.items()}
    )
    asking = Asking(store, config, clock)
    web = _web(config, asking, backends, sources, registry, clock)
    # The bot does not exist yet when its jobs are named.
    quiet = quiet_ticker(led, config, clock, sender.wake)
    mass = mass_ticker(led, config, clock, sender.wake)
    jobs = _jobs(sources, monitor, summaries, quiet, mass, lambda: bot.lead())  # noqa: PLW0108
    jobs.append(Job("forget requests", _REQUESTS_TICK, partial(_forget, store, clock)))
    scheduler = Scheduler(jobs, leader.held, Aside(store, "job", clock))
    bot = Bot(
        store, leader, backends, answer, (monitor, sender), scheduler, web,
        monitor.judge_everybody, stop,
    )  # fmt: skip
    return bot
