"""Routes the news of incidents and puts the messages into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cibot.config.models import Config
from cibot.health.missing import NAME as MISSING_JOB
from cibot.health.signal import BranchHealth, Evidence, Family
from cibot.incidents.incident import Incident
from cibot.incidents.messages import Subject, after_silence, alert_card
from cibot.incidents.news import (
    HISTORY,
    News,
    Surroundings,
    breaks_results,
    jobs_changed,
    news_of,
    notified,
)
from cibot.incidents.routing import alert_of
from cibot.incidents.stored import readable
from cibot.judging.audience import home, muted, silence_before, tell_all
from cibot.judging.mass import MassFailures
from cibot.judging.recording import Recorded, rewrite
from cibot.reports import wording
from cibot.reports.context import Context, gerrit_page
from cibot.reports.onset import onset
from cibot.store.changes import changes_by_id, has_namesakes
from cibot.store.cis import KnownCi, server_urls
from cibot.store.engine import Tx
from cibot.store.histories import servers_of
from cibot.store.incidents import incidents_of
from cibot.store.onsets import job_sets_around
from cibot.store.outbox import About, MessageKind
from cibot.store.tally import DAY, Counts, buckets
from cibot.text.card import Trend

DAYS = 28


def trend_of(tx: Tx, ci_id: int, name: str, now: datetime) -> Trend:
    """Passes and failures of the last 28 UTC days, today included; every attempt counts."""
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    counted = {
        bucket.start.date(): bucket.counts for bucket in buckets(tx, [ci_id], DAY, since, now)
    }
    days = (counted.get(first + timedelta(days=place), Counts()) for place in range(DAYS))
    return Trend(name, last, tuple((day.passes, day.fails) for day in days))


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A CI as it was judged: what a message of it depends on."""

    ci: KnownCi
    feed_fresh: bool
    references: frozenset[int]  # of its projects, now
    projects: frozenset[str]
    branches: tuple[BranchHealth, ...]
    first: bool  # it was never judged before


class Notifier:
    """Turns incidents into messages by the routes of the configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._owners = {ci.name: ci.owner for ci in config.ci}
        self._mass = MassFailures(config)

    def tell(self, tx: Tx, judged: Judged, incidents: Sequence[Recorded], now: datetime) -> int:
        """Adds what is to be said to the outbox; returns how many messages.

        An opening that a greater trouble or a silence keeps back is sent when
        that is over and the incident still lasts; an end is sent only of what was
        sent, and nothing in a silence.
        """
        around = _surroundings(tx, judged, [each.incident for each in incidents])
        pairs = [(each, news_of(each.incident, around, now)) for each in incidents]
        silence = muted(tx, judged.ci.name, now) if any(news for _each, news in pairs) else None
        added = 0
        for recorded, news in pairs:
            if news is None:
                continue
            history = news.step.name == "opened" and now - news.step.at > HISTORY
            if news.quiet or (judged.first and history):
                rewrite(tx, recorded, notified(recorded.incident, news, loud=False))
            elif silence is not None:
                log.info("silenced ci=%s step=%s until=%s", judged.ci.name, news.step.name,
                         silence.until)  # fmt: skip
            elif news.inhibited is not None:
                log.info("inhibited ci=%s step=%s reason=%s", judged.ci.name, news.step.name,
                         news.inhibited)  # fmt: skip
            else:
                added += self._say(tx, judged, recorded, news, now)
        return added

    def _say(self, tx: Tx, judged: Judged, recorded: Recorded, news: News, now: datetime) -> int:
        gathering = self._mass.gathering(tx, recorded, news, now)
        if gathering is not None and gathering.is_known:
            rewrite(tx, recorded, notified(recorded.incident, news, loud=False))
            return 0
        incident = notified(recorded.incident, news)
        owner = self._owners.get(judged.ci.name)
        alert = alert_of(judged.ci.name, incident, owner, judged.projects, judged.branches)
        subject = self._subject(tx, judged.ci, news, now)
        message = alert_card(recorded.incident, news, subject)
        number, heard = recorded.stored.id, recorded.incident.notified
        key = f"incident:{number}:{heard.count if heard else 0}:{news.step.name}"
        about = About(MessageKind.ALERT, key, number, news.step.name)
        rewrite(tx, recorded, incident)
        over = silence_before(tx, judged.ci.id, judged.ci.name, now)
        if over is not None:
            message = after_silence(message, over)
        if gathering is None:
            return tell_all(tx, self._config, alert, judged.ci.id, about, message, now)
        about = replace(about, group=gathering.group)
        until = gathering.until
        tell_all(tx, self._config, alert, judged.ci.id, about, message, now, gather=until)
        return self._mass.settle(tx, now, subject)

    def _subject(self, tx: Tx, ci: KnownCi, news: News, now: datetime) -> Subject:
        """Whom it is about, and how the trouble of its results began."""
        top, days = home(self._config), trend_of(tx, ci.id, ci.name, now)
        page = top and f"{top}/ci/{quote(ci.name, safe='')}"
        subject = Subject(ci.name, page, _change_url(tx, ci), days)
        symptom = news.symptom
        beginning = None
        if symptom.family is Family.RESULTS:
            beginning = onset(tx, ci.id, symptom, now, self._config.judgement.uncounted)
        if beginning is None:
            return subject
        before = wording.onset(Context(now), beginning) if news.worse else ()
        return replace(subject, first_run=wording.run_span(beginning.first_failure), onset=before)


def _surroundings(tx: Tx, judged: Judged, incidents: Sequence[Incident]) -> Surroundings:
    references = judged.references - {judged.ci.id}
    broken = any(
        breaks_results(incident)
        for reference in references
        for _row, incident in readable(incidents_of(tx, reference))
    )
    return Surroundings(
        feed_fresh=judged.feed_fresh,
        is_reference=judged.ci.id in judged.references,
        alone=not references,
        reference_broken=broken,
        jobs_changed=any(_jobs_changed(tx, references, incident) for incident in incidents),
    )


def _jobs_changed(tx: Tx, references: Collection[int], incident: Incident) -> bool:
    """Whether a reference runs other jobs since a job of a CI is missing."""
    symptom = incident.symptom(MISSING_JOB)
    bad = symptom.first_bad if symptom is not None and symptom.stands else None
    return bad is not None and any(
        jobs_changed(*job_sets_around(tx, reference, bad.change_id, bad.at))
        for reference in references
    )


def _change_url(tx: Tx, ci: KnownCi) -> Callable[[Evidence], str | None]:
    """Where Gerrit shows the change of a run; with its project where the number is not enough."""
    urls = server_urls(tx)
    servers = servers_of(tx, ci.id)
    ambiguous = len(servers) != 1 or has_namesakes(tx)
    base = None if ambiguous else urls[next(iter(servers))][1].rstrip("/")

    def url(run: Evidence) -> str | None:
        if base is not None:
            return f"{base}/{run.number}/{run.patch_set}"
        row = changes_by_id(tx, {run.change_id}).get(run.change_id)
        if row is None:
            return None
        return gerrit_page(urls[row.server_id][1], row.project, row.number, run.patch_set)

    return url
