"""The summary of each channel, at its own hour in its own time zone.

Which summaries are due is derived from the time alone, and a summary's dedupe
key is its day and what it is of: a restart at nine o'clock neither loses nor repeats
it. A summary covers the time since the last one that was said.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count

from cibot.chat.protocol import Channel
from cibot.config.models import SummaryConfig
from cibot.config.values import ALL_DAYS
from cibot.errors import CibotError
from cibot.store import outbox
from cibot.store.engine import Store, Tx
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card

log = logging.getLogger(__name__)

LATE = timedelta(hours=2)
"""A summary that could not be said in time is said up to this much later."""

MakeCard = Callable[[Tx, SummaryConfig, datetime, datetime], Card]
"""Makes a channel's summary of the time from the first moment to the second, which is now."""
_LONGEST = timedelta(days=38)  # from the first Monday of a month to the next one's, and late
_CHOICE = {"every", "parts", "cis", "owners", "projects", "branches"}
"""What two summaries of one room may differ in."""


def due(summary: SummaryConfig, now: datetime) -> date | None:
    """The local day whose summary should be out by now, or None.

    A local time that a clock change skips counts as the moment of the change.
    """
    local = now.astimezone(summary.time_zone)
    for day in (local.date(), local.date() - timedelta(days=1)):
        if not _says(summary, day):
            continue
        if _moment(summary, day) <= now < _moment(summary, day) + LATE:
            return day
    return None


def _says(summary: SummaryConfig, day: date) -> bool:
    """Whether one is of that local day: the first of its days in a week or month is."""
    if ALL_DAYS[day.weekday()] not in summary.days:
        return False
    passed = {"day": 0, "week": day.weekday(), "month": day.day - 1}[summary.every]
    earlier = ((day - timedelta(days=back)).weekday() for back in range(1, passed + 1))
    return not any(ALL_DAYS[weekday] in summary.days for weekday in earlier)


def _moment(summary: SummaryConfig, day: date) -> datetime:
    return datetime.combine(day, summary.at, summary.time_zone).astimezone(UTC)


def before(summary: SummaryConfig, day: date) -> datetime:
    """When the summary before that of ``day`` was due.

    From Monday to Friday, Monday's is Friday's.
    """
    earlier = (day - timedelta(days=back) for back in count(1))
    return _moment(summary, next(start for start in earlier if _says(summary, start)))


def series(summary: SummaryConfig) -> str:
    """What two summaries of one series share: the room, the hour and the subject."""
    chosen = summary.model_dump_json(include=_CHOICE, exclude_defaults=True)
    hour = f"{summary.at:%H%M}"
    if chosen == "{}":
        return hour
    return f"{hour}:{hashlib.sha256(chosen.encode()).hexdigest()[:16]}"


class Summaries:
    """Puts the summaries that are due into the outbox; `tick` is called every minute or so."""

    def __init__(
        self,
        store: Store,
        summaries: Sequence[SummaryConfig],
        make_card: MakeCard,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._summaries = summaries
        self._make_card = make_card
        self._clock = clock
        self._wake = wake
        self._done: set[str] = set()

    def tick(self) -> None:
        """Adds what is due and was not added before; one that raises holds up no other.

        Raises StoreError, and in the end what the last one raised; the log has all.
        """
        now = self._clock()
        raised: Exception | None = None
        for key, day, summary in self._due(now):
            try:
                self._store.write(partial(self._put, key=key, day=day, summary=summary, now=now))
            except CibotError:
                raise
            except Exception as error:  # whatever it is: the other summaries are due, too
                log.exception("no summary channel=%s at=%s", summary.channel, summary.at)
                raised = error
                continue
            self._done.add(key)
            self._wake()
        if raised is not None:
            raise raised

    def _put(self, tx: Tx, key: str, day: date, summary: SummaryConfig, now: datetime) -> None:
        if outbox.has(tx, key):
            return
        to = Channel.parse(summary.channel)
        about = About(MessageKind.SUMMARY, key, group=self._series(summary))
        since = outbox.last_sent(tx, to, about) or before(summary, day)
        card = self._make_card(tx, summary, max(since, now - _LONGEST), now)
        outbox.enqueue(tx, about, to, card.to_json(), now)

    def _series(self, summary: SummaryConfig) -> str:
        """Its series, with its time zone where another of the room has the same hour in another."""
        name, zone = series(summary), summary.time_zone
        alike = [
            other.time_zone
            for other in self._summaries
            if other.channel == summary.channel and series(other) == name
        ]
        return name if {*alike} == {zone} else f"{name}:{zone}"

    def _due(self, now: datetime) -> Iterator[tuple[str, date, SummaryConfig]]:
        for summary in self._summaries:
            day = due(summary, now)
            key = f"summary:{day}:{self._series(summary)}:{summary.channel}"[:190]
            if day is not None and key not in self._done:
                yield key, day, summary
