"""The daily summary of each channel, at its own hour in its own time zone.

Which summaries are due is derived from the time alone, and a summary's dedupe
key is its day and channel: a restart at nine o'clock neither loses nor repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from cibot.chat.protocol import Channel
from cibot.config.models import SummaryConfig
from cibot.config.values import ALL_DAYS
from cibot.store import outbox
from cibot.store.engine import Store, Tx
from cibot.store.outbox import About, MessageKind
from cibot.text.card import Card

LATE = timedelta(hours=2)
"""A summary that could not be said in time is said up to this much later."""

MakeCard = Callable[[Tx, SummaryConfig, datetime], Card]
"""Makes the summary of the moment for a channel."""


def due(summary: SummaryConfig, now: datetime) -> date | None:
    """The local day whose summary should be out by now, or None when there is none.

    A local time that a clock change skips counts as the moment of the change.
    """
    local = now.astimezone(summary.time_zone)
    for day in (local.date(), local.date() - timedelta(days=1)):
        if ALL_DAYS[day.weekday()] not in summary.days:
            continue
        at = datetime.combine(day, summary.at, summary.time_zone).astimezone(UTC)
        if at <= now < at + LATE:
            return day
    return None


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
        """Adds what is due and was not added before. Raises StoreError."""
        now = self._clock()
        for key, summary in self._due(now):
            channel = Channel.parse(summary.channel)

            def work(
                tx: Tx, key: str = key, summary: SummaryConfig = summary, to: Channel = channel
            ) -> None:
                if not outbox.has(tx, key):
                    text = self._make_card(tx, summary, now).to_json()
                    group = f"{summary.at:%H%M}"
                    about = About(MessageKind.SUMMARY, key, group=group)
                    outbox.enqueue(tx, about, to, text, now)

            self._store.write(work)
            self._done.add(key)
            self._wake()

    def _due(self, now: datetime) -> Iterator[tuple[str, SummaryConfig]]:
        for one in self._summaries:
            day = due(one, now)
            key = f"summary:{day}:{one.at:%H%M}:{one.channel}"[:190]
            if day is not None and key not in self._done:
                yield key, one
