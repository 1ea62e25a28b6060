"""What would have been sent when: the steps of all CIs, by the bot's own rules and outbox.

What is sent by itself, held back or sent together is decided over rows as the bot has them, in a
store that is thrown away. Its one room takes every alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from cibot.config.models import Config, FloodConfig, RouteConfig
from cibot.incidents.incident import Incident, Phase
from cibot.incidents.mass import JOINING, LEFT, SETTLING
from cibot.incidents.messages import Subject, alert_card
from cibot.incidents.news import ENDS, News, Surroundings, breaks_results, news_of, notified
from cibot.judging.mass import MassFailures
from cibot.judging.recording import Recorded, put
from cibot.model import Channel
from cibot.replay.run import Replayed, opened
from cibot.store.cis import KnownCi, ensure_ci
from cibot.store.engine import Tx
from cibot.store.gathered import gathered, messages_of_group
from cibot.store.incidents import StoredIncident, delete_incident
from cibot.store.outbox import About, MessageKind, MessageState, claim, enqueue, mark_sent
from cibot.text.card import Card

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_ROOM = Channel("replay", "timeline")
_CONFIG = Config(
    route=(RouteConfig(channels=(str(_ROOM),)),), flood=FloodConfig(alerts_per_hour=1000)
)


@dataclass(frozen=True, slots=True)
class ReplayedMessage:
    """A message that would have gone out, and the news that it is of.

    One about several CIs ``together`` is of a mass failure; ``ci``, ``incident`` and ``news`` are
    those of the last of them.
    """

    at: datetime
    ci: KnownCi
    incident: Incident
    news: News
    card: Card
    together: bool = False


class Timeline:
    """Goes through the steps in order of time; afterwards `incidents` knows what was sent."""

    def __init__(self, replayed: Replayed) -> None:
        self._replayed = replayed
        self.incidents: dict[int, dict[datetime, Incident]] = {}
        self._newest: dict[int, Incident] = {}
        self._inhibited: set[int] = set()
        self._at = _BEFORE_ALL
        self._mass = MassFailures(_CONFIG)
        self._stored_cis: dict[int, int] = {}
        self._rows: dict[tuple[int, datetime], StoredIncident] = {}  # by CI, and when it began
        self._alerts: dict[str, ReplayedMessage] = {}  # by their keys in the outbox

    def said(self) -> list[ReplayedMessage]:
        """Every message, oldest first. What happens at one moment is one message."""
        with opened() as store:
            return store.write(lambda tx: list(self._through(tx)))

    def _through(self, tx: Tx) -> Iterator[ReplayedMessage]:
        for ci in self._replayed.cis.values():
            self._stored_cis[ci.id] = ensure_ci(tx, ci.name, "configured", ci.created_at)
        steps = self._replayed.steps
        for (at, ci_id), moment in groupby(
            steps, lambda ci_step: (ci_step[1].transition.at, ci_step[0].id)
        ):
            yield from self._settle(tx, at)
            for ci, step in moment:
                self._put(tx, ci.id, step.incident)
            for other in [ci_id, *sorted(self._inhibited - {ci_id})]:
                self._tell(tx, self._replayed.cis[other], at)
                yield from self._sent(tx, at)
        yield from self._settle(tx, None)

    def _settle(self, tx: Tx, until: datetime | None) -> Iterator[ReplayedMessage]:
        """What was gathered and is due before then."""
        while (due := self._due(tx)) and (until is None or due < until):
            self._mass.settle(tx, due)
            yield from self._sent(tx, due)
            self._at = due
        self._at = until or self._at

    def _due(self, tx: Tx) -> datetime | None:
        """The next moment at which something that is gathered may be sent."""
        times: list[datetime] = []
        rows = sorted(gathered(tx), key=lambda row: row.group or "")
        for group, messages in groupby(rows, key=lambda row: row.group):
            waiting = list(messages)
            if group is None:
                times += [row.not_before for row in waiting]
                continue
            ended = [row.created_at for row in waiting if row.step in ENDS]
            begun = [row.created_at for row in waiting if row.step not in ENDS]
            times += [max(ended) + SETTLING, max(ended) + LEFT] if ended else []
            times += [min(begun) + JOINING] if begun else []
        return min((time for time in times if time > self._at), default=None)

    def _put(self, tx: Tx, ci_id: int, incident: Incident) -> None:
        incidents, which = self.incidents.setdefault(ci_id, {}), (ci_id, incident.began_at)
        row = self._rows.get(which)
        if incident.phase is Phase.DROPPED:
            incidents.pop(incident.began_at, None)
            self._newest.pop(ci_id, None)
            if row is not None:
                delete_incident(tx, self._rows.pop(which).id)
            return
        before = incidents.get(incident.began_at)
        if before is not None and incident.notified is None:
            incident = replace(incident, notified=before.notified)
        self._newest[ci_id] = incidents[incident.began_at] = incident
        self._rows[which] = put(tx, self._stored_cis[ci_id], incident, row)

    def _tell(self, tx: Tx, ci: KnownCi, now: datetime) -> None:
        """Puts the news of a CI into the outbox, to be sent now or when it was gathered."""
        incident = self._newest.get(ci.id)
        self._inhibited.discard(ci.id)
        news = news_of(incident, self._around(ci.id, now), now) if incident else None
        if incident is None or news is None:
            return
        if news.inhibited is not None:
            self._inhibited.add(ci.id)
            return
        row = self._rows[ci.id, incident.began_at]
        hold = None if news.quiet else self._mass.gathering(tx, Recorded(row, incident), news, now)
        is_known = news.quiet or (hold is not None and hold.is_known)
        after = notified(incident, news, loud=not is_known)
        self._put(tx, ci.id, after)
        if is_known:
            return
        count = incident.notified.count if incident.notified else 0
        key = f"incident:{row.id}:{count}:{news.step.name}"
        card = alert_card(after, news, Subject(ci.name))
        self._alerts[key] = ReplayedMessage(now, ci, after, news, card)
        about, text = About(MessageKind.ALERT, key, row.id, news.step.name), card.to_json()
        if hold is None:
            enqueue(tx, about, _ROOM, text, now)
            return
        about = replace(about, group=hold.group)
        enqueue(tx, about, _ROOM, text, now, due=hold.until, state=MessageState.GATHERED)
        self._mass.settle(tx, now)

    def _sent(self, tx: Tx, now: datetime) -> Iterator[ReplayedMessage]:
        """What is in the outbox to be sent, which the room takes at once."""
        while outgoing := claim(tx, _ROOM.network, now, now + timedelta(hours=1)):
            mark_sent(tx, outgoing, "", now)
            rows = messages_of_group(tx, outgoing.group or "")
            keys = [
                row.key for row in rows if row.digest == outgoing.id and row.key in self._alerts
            ]
            alert = self._alerts[keys[-1] if keys else outgoing.key]
            yield replace(alert, at=now, card=Card.read(outgoing.card), together=bool(keys))

    def _around(self, ci_id: int, now: datetime) -> Surroundings:
        references = self._references(ci_id, now)
        others = references - {ci_id}
        return Surroundings(
            is_reference=ci_id in references,
            alone=not others,
            reference_broken=any(
                breaks_results(self._newest[other]) for other in others if other in self._newest
            ),
        )

    def _references(self, ci_id: int, now: datetime) -> set[int]:
        at = now.timestamp()
        references = (
            self._replayed.references.periods_of(project).at(at)
            for project in self._replayed.home_projects.get(ci_id, ())
        )
        return {ci for ci in references if ci is not None}
