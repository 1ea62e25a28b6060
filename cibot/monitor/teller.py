"""Decides who hears of an incident's step and puts the messages into the outbox."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from cibot.alerts.incident import Incident, Phase, Transition
from cibot.alerts.inhibit import AFTERMATH, Opening, Surroundings, common_breakage, inhibited
from cibot.alerts.message import Subject, alert_card, together_card
from cibot.alerts.routing import Alert
from cibot.card import Card
from cibot.config import Config
from cibot.health.signal import Health
from cibot.model import State
from cibot.monitor.audience import muted, tell_all
from cibot.monitor.observer import Observation
from cibot.monitor.trend import trend_of
from cibot.store.cis import KnownCi, all_cis, server_urls
from cibot.store.engine import Tx
from cibot.store.incidents import (
    StoredIncident,
    incidents_of,
    last_step,
    opened_since,
    update_incident,
)
from cibot.store.queries_judging import servers_of

log = logging.getLogger(__name__)

_WORSE = frozenset({"opened", "reopened", "escalated"})
_SPOKEN = frozenset({Phase.FIRING, Phase.ACKNOWLEDGED})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """An incident after judging, and the step it took, if it took one."""

    stored: StoredIncident
    incident: Incident
    transition: Transition | None
    seq: int
    bad: bool  # the signal accuses at this moment


class Teller:
    """Turns steps into messages by the routes of the configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._owners = {one.name: one.owner for one in config.ci}

    def tell(
        self,
        tx: Tx,
        ci: KnownCi,
        health: Health,
        seen: Observation,
        steps: Sequence[Step],
        now: datetime,
    ) -> int:
        """Adds what is to be said to the outbox; returns how many messages.

        An opening that a greater trouble or a silence keeps back is told when
        that is over and the incident still lasts; an end is told only of what was
        told, and nothing in a silence.
        """
        around = _surroundings(tx, ci, health, seen, now)
        added = 0
        for one in steps:
            transition = _news(one)
            if transition is None:
                continue
            if self._mute(tx, ci, one, transition, now):
                continue
            incident = one.incident
            reason = inhibited(incident.kind, around, incident.severity, incident.opened_at)
            if reason is not None and transition.name != "resolved":
                log.info("kept back ci=%s kind=%s reason=%s", ci.name, one.incident.kind, reason)
                continue
            added += self._say(tx, ci, seen, one, transition, now)
            if not one.stored.told:
                update_incident(tx, replace(one.stored, told=True))
            if incident.open:  # what is told now explains what comes after
                told = {**around.told, incident.kind: incident.opened_at or now}
                around = replace(around, told=told)
        return added

    def _mute(self, tx: Tx, ci: KnownCi, one: Step, transition: Transition, now: datetime) -> bool:
        """Whether a silence keeps the news back; what got worse in it counts as untold."""
        silence = muted(tx, ci.name, now)
        if silence is None:
            return False
        if one.stored.told and transition.name in _WORSE:
            update_incident(tx, replace(one.stored, told=False))
        log.info("silenced ci=%s kind=%s until=%s", ci.name, one.incident.kind, silence.until)
        return True

    def _say(
        self,
        tx: Tx,
        ci: KnownCi,
        seen: Observation,
        one: Step,
        transition: Transition,
        now: datetime,
    ) -> int:
        alert = Alert(
            ci.name,
            one.incident.kind,
            one.incident.severity,
            self._owners.get(ci.name),
            seen.projects,
        )
        key, message = self._message(tx, ci, one, transition, now)
        return tell_all(tx, self._config, alert, ci.id, key, message, now)

    def _message(
        self, tx: Tx, ci: KnownCi, one: Step, transition: Transition, now: datetime
    ) -> tuple[str, Card]:
        """The dedupe key and the card; many openings within an hour share one."""
        if transition.name in {"opened", "reopened"}:
            cis = all_cis(tx)
            names = {known.id: known.name for known in cis}
            openings = [
                Opening(names.get(row.ci_id, "?"), row.kind, row.opened_at, _severity(row))
                for row in opened_since(tx, now - _DAY)
                if row.opened_at is not None
            ]
            together = common_breakage(openings, len(cis), now)
            if together is not None:
                key = f"together:{together[0].at:%Y%m%dT%H%M%S}"
                return key, together_card(together, len(cis), self._page())
        page, days = self._page("ci", ci.name), trend_of(tx, ci.id, ci.name, now)
        subject = Subject(ci.name, page, _change_url(tx, ci), days)
        card = alert_card(one.incident, transition, subject)
        seq = one.seq or last_step(tx, one.stored.id)  # told late: after its last step
        return f"incident:{one.stored.id}:{seq}:{transition.name}", card

    def _page(self, *path: str) -> str | None:
        base = self._config.web.public_url
        if base is None:
            return None
        return "/".join([str(base).rstrip("/"), *(quote(part, safe="") for part in path)])


def _news(one: Step) -> Transition | None:
    """What people should hear now: the step, or an opening that was kept back before."""
    if one.transition is not None and one.transition.told:
        told_before = one.stored.told or one.transition.name in _WORSE
        return one.transition if told_before else None
    if one.bad and not one.stored.told and one.incident.phase in _SPOKEN:
        opened_at = one.incident.opened_at or one.incident.changed_at
        return Transition("opened", opened_at, one.incident.said, one.incident.severity, told=True)
    return None


def _surroundings(
    tx: Tx, ci: KnownCi, health: Health, seen: Observation, now: datetime
) -> Surroundings:
    references = {one for one in seen.references.values() if one is not None}
    broken = any(
        row.kind == "success" and row.state in {"firing", "acknowledged"}
        for reference in references - {ci.id}
        for row in incidents_of(tx, reference)
    )
    own = incidents_of(tx, ci.id, resolved_since=now - AFTERMATH)
    return Surroundings(
        feed_fresh=seen.feed_fresh,
        is_reference=ci.id in references,
        reference_broken=broken,
        silent=any(one.verdict is State.SILENT for one in health.signals),
        told={
            row.kind: row.opened_at
            for row in own
            if row.told and row.resolved_at is None and row.opened_at is not None
        },
        over=frozenset(row.kind for row in own if row.told and row.resolved_at is not None),
    )


def _severity(row: StoredIncident) -> State:
    return State(json.loads(row.body)["severity"])


def _change_url(tx: Tx, ci: KnownCi) -> str | None:
    """Where Gerrit shows a change, for a CI of one server."""
    urls = server_urls(tx)
    servers = servers_of(tx, ci.id)
    if len(servers) != 1:
        return None
    base = urls[next(iter(servers))][1].rstrip("/").replace("{", "%7B").replace("}", "%7D")
    return base + "/{number}/{patch_set}"
