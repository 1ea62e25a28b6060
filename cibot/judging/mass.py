"""Mass failures: gathers the alerts of many CIs, and tells each room of them together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from cibot.config.models import Config
from cibot.health.branches import read_branches
from cibot.incidents.incident import Incident, Notified, Phase
from cibot.incidents.mass import (
    HALF_WAY_STEP,
    HOLD,
    JOINING,
    LEFT,
    LONGEST,
    Opening,
    by_stage,
    common_breakage,
    joined,
    lasts,
    of_member,
    opening,
    settled,
    suspected,
    worth,
)
from cibot.incidents.mass_messages import Mass, ended_card, joined_card, mass_card, others_broke_too
from cibot.incidents.messages import Subject
from cibot.incidents.news import BEGINS, ENDS, WORSE, News
from cibot.incidents.routing import Alert, concerned
from cibot.incidents.stored import readable
from cibot.judging.audience import Ticker, bounded_key, home, muted, tell_all, tell_alone, tell_room
from cibot.judging.recording import Recorded
from cibot.store.changes import changes_by_id
from cibot.store.cis import KnownCi, all_cis
from cibot.store.engine import Store, Tx
from cibot.store.gathered import (
    anything_gathered,
    gathered,
    join_group,
    messages_of,
    messages_of_group,
)
from cibot.store.incidents import health_of, incidents_of, incidents_with
from cibot.store.outbox import (
    About,
    MessageKind,
    MessageState,
    StoredMessage,
    enqueue,
    fold_waiting,
)
from cibot.store.references import records_of
from cibot.text.card import Card, card

log = logging.getLogger(__name__)

_BEGUN = BEGINS | {HALF_WAY_STEP}


@dataclass(frozen=True, slots=True)
class Member:
    """An incident and its CI."""

    ci: KnownCi
    incident: Incident

    @property
    def lasts(self) -> bool:
        """Whether it opened and is not over."""
        return self.incident.open and self.incident.opened_at is not None

    def opening(self, tx: Tx) -> Opening:
        """What of it concerns a mass failure."""
        ids = {run.change_id for run in self.incident.first_evidence}
        projects = {change.project for change in changes_by_id(tx, ids).values()}
        return opening(self.ci.name, self.incident, projects)


def _read(tx: Tx, cis: Iterable[KnownCi], numbers: Collection[int]) -> dict[int, Member]:
    """Incidents that were not taken back, by number."""
    by_id = {ci.id: ci for ci in cis}
    return {
        row.id: Member(by_id[row.ci_id], incident)
        for row, incident in readable(incidents_with(tx, numbers))
        if row.ci_id in by_id and incident.phase is not Phase.WITHDRAWN
    }


def _members(tx: Tx, messages: Iterable[StoredMessage]) -> dict[int, Member]:
    """The incidents of a mass failure's messages."""
    return _read(tx, all_cis(tx), _incidents(messages))


@dataclass(frozen=True, slots=True)
class Hold:
    """That a message waits for those of other CIs: of which mass failure, and until when.

    Without a ``group`` it waits to see whether there is one. What ``is_known`` by the
    message of that is noted without one of its own.
    """

    group: str | None
    until: datetime
    is_known: bool = False


class _Alerts:
    """The messages of an incident among those of all CIs, in the outbox's rows."""

    def __init__(self, config: Config, tx: Tx, incident: int, now: datetime) -> None:
        self._config, self._tx, self._now = config, tx, now
        self._own = messages_of(tx, [incident])
        self._cis = all_cis(tx)

    def hold(self, news: News, before: Notified | None) -> Hold | None:
        """Whether news of it is sent together with other CIs'; None where it is sent alone.

        ``before`` is what people were notified of.
        """
        if news.step.name in BEGINS:
            return self._hold_beginning()
        begun = (message for message in reversed(self._own) if message.step in _BEGUN)
        group = next((message.group for message in begun), None)
        until = next((message.not_before for message in self._own if message.waits), None)
        if group is None:
            return None if until is None else Hold(None, until)
        with_others = of_member(news, before, going_on=self._lasts(group), waits=until is not None)
        if with_others is None:
            return None
        wait = LEFT if news.step.name in ENDS else JOINING
        return Hold(group, self._now + wait, is_known=not with_others)

    def _hold_beginning(self) -> Hold | None:
        now, cis = self._now, len(self._cis)
        names = {ci.id: ci.name for ci in self._cis}
        lasting = (
            opening(names.get(row.ci_id, "?"), incident)
            for row, incident in readable(incidents_of(self._tx))
            if incident.open
        )
        opened, half_way = by_stage(lasting, now)
        group = self._joins(opened)
        if group is None:
            broken = common_breakage(opened, cis, now, half_way)
            group = None if broken is None else self._begin(broken)
        if group is not None:
            return Hold(group, now + JOINING)
        return Hold(None, now + HOLD) if suspected(opened, cis, now, half_way) else None

    def _joins(self, opened: Iterable[Opening]) -> str | None:
        """The mass failure that an incident which opens is of: it was half way, or it lasts."""
        if self._own and self._own[-1].step == HALF_WAY_STEP:
            return self._own[-1].group
        recent = [other.incident for other in opened if other.incident is not None]
        groups = {message.group for message in messages_of(self._tx, recent) if message.group}
        newest_first = sorted(groups, reverse=True)
        return next((group for group in newest_first if self._lasts(group, LONGEST)), None)

    def _lasts(self, group: str, longest: timedelta | None = None) -> bool:
        """Whether a mass failure goes on, and began at most ``longest`` ago."""
        members = _members(self._tx, messages_of_group(self._tx, group)).values()
        if longest is not None:
            began = [member.opening(self._tx).at for member in members if member.incident.opened_at]
            if not began or self._now - min(began) > longest:
                return False
        return lasts(len(members), sum(member.incident.open for member in members))

    def _begin(self, broken: Sequence[Opening]) -> str:
        """Makes the alerts of these those of a mass failure; its key."""
        group = f"mass:{broken[0].at:%Y%m%dT%H%M%S}"
        ids = [other.incident for other in broken if other.incident and not other.half_way]
        join_group(self._tx, ids, WORSE, group, broken[0].at)
        half_way = {other.incident for other in broken if other.half_way and other.incident}
        for member in _read(self._tx, self._cis, half_way).values():
            if muted(self._tx, member.ci.name, self._now) is None:
                self._note_half_way(member, group)
        return group

    def _note_half_way(self, member: Member, group: str) -> None:
        """Puts a CI that is half way into the message of the rooms that would hear of it."""
        ci, incident, tx = member.ci, member.incident, self._tx
        kinds = frozenset(symptom.signal for symptom in incident.symptoms)
        homes = records_of(tx, {ci.id})
        projects = frozenset(row.project for row in homes if row.place is not None)
        branches = [read_branches(health.branches) for health in health_of(tx, ci.id)]
        where = concerned(kinds, branches[0] if branches else ())
        owner = next((named.owner for named in self._config.ci if named.name == ci.name), None)
        alert = Alert(ci.name, kinds, incident.severity, owner, projects, where)
        key = f"incident:{incident.id}:{HALF_WAY_STEP}:{group}"
        about = About(MessageKind.ALERT, key, incident.id, HALF_WAY_STEP, group)
        text = card(f"{ci.name} is half way")
        tell_all(tx, self._config, alert, ci.id, about, text, self._now, gather=self._now)


class MassFailures:
    """Decides which alerts are gathered, and tells what was gathered."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def gathering(self, tx: Tx, recorded: Recorded, news: News, now: datetime) -> Hold | None:
        """Whether news is sent together with that of other CIs; None where it is sent alone."""
        alerts = _Alerts(self._config, tx, recorded.stored.id, now)
        return alerts.hold(news, recorded.incident.notified)

    def settle(self, tx: Tx, now: datetime, last: Subject | None = None) -> int:
        """Tells what was gathered and need not wait any longer; returns how many messages.

        ``last`` is the CI of which something was gathered just now, and how its trouble began.
        """
        count = 0
        rows = sorted(gathered(tx), key=lambda row: (str(row.to), row.group or "", row.id))
        for _place, group in groupby(rows, key=lambda row: (row.to, row.group)):
            here = list(group)
            if here[0].group is None:
                count += self._release(tx, here, now)
            else:
                count += _Room(self._config, tx, here, now, last).tell()
        return count

    def _release(self, tx: Tx, rows: Iterable[StoredMessage], now: datetime) -> int:
        """Tells by itself what waited long enough for a mass failure that did not come."""
        due = [row for row in rows if row.not_before <= now]
        members = _members(tx, due)
        left = _worth_telling(tx, due, members, (), now)
        for row in left:
            tell_alone(tx, self._config, row, now)
        return len(left)


def _worth_telling(
    tx: Tx,
    rows: Iterable[StoredMessage],
    members: Mapping[int, Member],
    notified: Container[int],
    now: datetime,
) -> list[StoredMessage]:
    """Of each incident the step that is left to tell a room; the others are done with.

    Rooms were ``notified`` that these incidents are bad. What a silence mutes goes on waiting.
    """
    remaining: list[StoredMessage] = []
    by_incident = sorted(rows, key=lambda row: (row.incident or 0, row.id))
    for number, group in groupby(by_incident, key=lambda row: row.incident or 0):
        steps, member = list(group), members.get(number)
        left = worth([step.step or "" for step in steps], is_known=number in notified)
        ends = left is not None and steps[left].step in ENDS
        if member is None or not (ends or member.incident.open):
            left = None
        elif left is not None and muted(tx, member.ci.name, now) is not None:
            if not ends:
                continue
            left = None
        fold_waiting(tx, [step.id for place, step in enumerate(steps) if place != left])
        if left is not None:
            remaining.append(steps[left])
    return sorted(remaining, key=lambda row: row.id)


def _added(rows: Iterable[StoredMessage]) -> list[datetime]:
    return [row.created_at for row in rows]


def _incidents(rows: Iterable[StoredMessage]) -> set[int]:
    return {row.incident for row in rows if row.incident is not None}


def _is_known(message: StoredMessage) -> bool:
    """Whether its room knows what it says of an incident, or is about to."""
    named = message.step != HALF_WAY_STEP or message.digest is not None
    return named and message.incident is not None and not message.waits


class _Room:
    """A room, or a person, and what was gathered there of one mass failure."""

    def __init__(
        self,
        config: Config,
        tx: Tx,
        rows: Sequence[StoredMessage],
        now: datetime,
        last: Subject | None,
    ) -> None:
        self._config, self._tx, self._now, self._last = config, tx, now, last
        self._group, self._to, self._account = rows[0].group or "", rows[0].to, rows[0].account
        everything = messages_of_group(tx, self._group)
        self._members = _members(tx, everything)
        here = [row for row in everything if row.to == self._to]
        self._announced = any(row.kind is MessageKind.TOGETHER for row in here)
        last_known = {row.incident or 0: row.step for row in here if _is_known(row)}
        self._notified = {number for number, step in last_known.items() if step not in ENDS}
        self._ever = frozenset(last_known)
        self._by_itself = _incidents(row for row in here if row.state is MessageState.SENT)
        self._cis = len(all_cis(tx))
        self._left = _worth_telling(tx, rows, self._members, self._notified, now)

    def tell(self) -> int:
        """Tells what is due; returns how many messages that are."""
        if self._announced or not any(row.step in WORSE for row in self._left):
            half_way = [row.id for row in self._left if row.step == HALF_WAY_STEP]
            fold_waiting(self._tx, half_way)  # named with those that broke first, or never
        begun = [row for row in self._left if row.step not in ENDS]
        opened = [row for row in begun if row.step != HALF_WAY_STEP]
        said: list[StoredMessage] = []
        if opened and (not self._announced or joined(_added(opened), self._now)):
            said = opened if self._announced else begun
            self._tell_begun(said)
        ended = [row for row in self._left if row.step in ENDS]
        bad = (self._notified | _incidents(said)) - _incidents(ended)
        left = [n for n in sorted(bad) if n in self._members and self._members[n].lasts]
        over = len((self._ever & self._members.keys()) | _incidents(said)) - len(left)
        over_now = settled(_added(ended), over, len(left), self._now)
        if over_now:
            self._tell_ended(ended, left)
        return bool(said) + over_now

    def _tell_begun(self, rows: Sequence[StoredMessage]) -> None:
        """That a mass failure opened or was joined; the row itself where it is alone."""
        mass = self._mass(_incidents(rows))
        if self._announced:
            here = self._of(row.incident for row in rows)
            self._say("joined", joined_card(mass, here), rows)
        elif len(mass.here) == 1:
            self._alone(rows[0], mass)
        else:
            names = {other.ci for other in mass.here}
            last = self._last if self._last and self._last.ci in names else None
            self._say("opened", mass_card(mass, last), rows)

    def _tell_ended(self, rows: Sequence[StoredMessage], left: Sequence[int]) -> None:
        """That these are over and some are ``left``; the row itself where it is alone."""
        if len(rows) == 1:
            self._alone(rows[0])
            return
        numbers = _incidents(rows)
        at = max(self._members[number].incident.resolved_at or self._now for number in numbers)
        here = self._of(row.incident for row in rows)
        text = ended_card(self._mass(()), here, self._of(left), at)
        by_itself = tuple(sorted(self._by_itself & numbers))
        self._say("resolved", replace(text, shown_on=by_itself), rows)

    def _mass(self, begun: Iterable[int]) -> Mass:
        here = self._ever | {*begun}
        everywhere = tuple(self._of(self._members))
        shown = tuple(other for other in everywhere if other.incident in here)
        return Mass(shown, everywhere, self._cis, home(self._config), self._group)

    def _of(self, numbers: Iterable[int | None]) -> list[Opening]:
        members = (self._members.get(number or 0) for number in numbers)
        return [member.opening(self._tx) for member in members if member is not None]

    def _say(self, step: str, text: Card, rows: Sequence[StoredMessage]) -> None:
        key = f"{self._group}:{step}:{rows[0].id}:{self._to}"
        about = About(
            MessageKind.TOGETHER, bounded_key(key), None, step, self._group, self._account
        )
        if self._account is None:
            tell_room(self._tx, self._config, self._to, about, text, self._now)
        else:
            enqueue(self._tx, about, self._to, text.to_json(), self._now)
        fold_waiting(self._tx, [row.id for row in rows], about.key)
        log.info("mass failure %s room=%s step=%s cis=%d", self._group, self._to, step, len(rows))

    def _alone(self, row: StoredMessage, mass: Mass | None = None) -> None:
        """Tells of one CI as ever and, at its beginning, that others broke too."""
        text = None
        if mass is not None and len(mass.everywhere) > 1:
            own = Card.read(row.card)
            text = replace(own, lines=(*own.lines, others_broke_too(mass)))
        tell_alone(self._tx, self._config, row, self._now, text)


def mass_ticker(
    store: Store, config: Config, clock: Callable[[], datetime], wake: Callable[[], None]
) -> Ticker:
    """Tells what was gathered and waited long enough."""
    failures = MassFailures(config)
    return Ticker(store, clock, wake, lambda tx, _now: anything_gathered(tx), failures.settle)
