"""The daily summary: at its local hour, once, whatever happens around that hour."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cibot.chat.summaries import LATE, Summaries, before, due, series
from cibot.config.models import SummaryConfig
from cibot.store import outbox
from cibot.store.engine import Store, Tx
from cibot.text.card import Card, card

BERLIN = ZoneInfo("Europe/Berlin")


def at_nine(**fields: object) -> SummaryConfig:
    return SummaryConfig.model_validate(
        {"channel": "net/#ops", "at": "09:00", "time_zone": "Europe/Berlin"} | fields
    )


def local(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


def test_from_its_hour_on_and_not_much_later() -> None:
    nine = local(2026, 11, 23, 9)
    assert due(at_nine(), nine - timedelta(seconds=1)) is None
    assert due(at_nine(), nine) == datetime(2026, 11, 23).date()  # noqa: DTZ001
    assert due(at_nine(), nine + LATE) is None


def test_the_hour_is_local_on_both_sides_of_a_clock_change() -> None:
    assert due(at_nine(), datetime(2026, 10, 24, 7, tzinfo=UTC)) is not None  # summer
    assert due(at_nine(), datetime(2026, 10, 26, 7, tzinfo=UTC)) is None
    assert due(at_nine(), datetime(2026, 10, 26, 8, tzinfo=UTC)) is not None  # winter


def test_an_hour_that_the_clocks_skip_still_comes() -> None:
    skipped = at_nine(at=time(2, 30))
    days = {due(skipped, local(2026, 3, 29, 0) + timedelta(minutes=10 * n)) for n in range(36)}
    assert datetime(2026, 3, 29).date() in days  # noqa: DTZ001


def test_only_on_its_days() -> None:
    weekdays = at_nine(days=["mon", "tue", "wed", "thu", "fri"])
    assert due(weekdays, local(2026, 11, 22, 9)) is None
    assert due(weekdays, local(2026, 11, 23, 9)) is not None


def days_of(summary: SummaryConfig, first: datetime, many: int) -> list[str]:
    days = [due(summary, first + timedelta(days=n)) for n in range(many)]
    return [f"{day:%a %d %b}" for day in days if day]


def test_a_weekly_one_is_of_the_first_of_its_days_and_a_monthly_one_of_the_months_first() -> None:
    first = datetime(2026, 10, 28, 12, tzinfo=UTC)
    noon = {"at": "12:00", "time_zone": "UTC"}
    weekdays = ["mon", "tue", "wed", "thu", "fri"]
    assert days_of(at_nine(every="week", **noon), first, 14) == ["Mon 02 Nov", "Mon 09 Nov"]
    fridays = at_nine(every="week", days=["fri", "sun"], **noon)
    assert days_of(fridays, first, 14) == ["Fri 30 Oct", "Fri 06 Nov"]
    monthly = at_nine(every="month", days=weekdays, **noon)
    assert days_of(monthly, first, 100) == ["Mon 02 Nov", "Tue 01 Dec", "Fri 01 Jan", "Mon 01 Feb"]
    assert before(monthly, date(2026, 12, 1)) == datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert before(fridays, date(2026, 11, 6)) == datetime(2026, 10, 30, 12, tzinfo=UTC)
    assert series(at_nine(every="week")) != series(at_nine())


def test_a_summary_of_the_evening_may_be_said_after_midnight() -> None:
    late = at_nine(at=time(23, 30))
    assert due(late, local(2026, 11, 24, 0, 10)) == datetime(2026, 11, 23).date()  # noqa: DTZ001


def test_once_a_day_also_after_a_restart(sqlite_store: Store) -> None:
    now = local(2026, 11, 23, 9, 1)
    wakes: list[int] = []
    for _restart in range(2):
        summaries = Summaries(
            sqlite_store,
            [at_nine()],
            lambda _tx, _summary, _since, moment: card(f"summary of {moment:%H:%M}"),
            lambda moment=now: moment,  # type: ignore[misc]
            lambda: wakes.append(1),
        )
        summaries.tick()
        summaries.tick()
        now += timedelta(minutes=5)
    claimed = [
        sqlite_store.write(lambda tx: outbox.claim(tx, "net", now, now + timedelta(minutes=1)))
        for _ in range(2)
    ]
    assert [claim.key if claim else None for claim in claimed] == [
        "summary:2026-11-23:0900:net/#ops",
        None,
    ]
    assert claimed[0] is not None
    assert "summary of 08:01" in claimed[0].card


def said(store: Store, summaries: Sequence[SummaryConfig], now: datetime) -> list[str]:
    """What a tick adds, each with the time that it covers; all of it is sent."""
    made = Summaries(
        store,
        summaries,
        lambda _tx, summary, since, until: card(f"{summary.cis[0]} {since:%a %H} to {until:%a %H}"),
        lambda: now,
        lambda: None,
    )
    made.tick()
    texts = []

    def send(tx: Tx) -> bool:
        row = outbox.claim(tx, "net", now, now + timedelta(minutes=1))
        if row is None:
            return False
        texts.append(Card.from_json(row.card).text())
        return outbox.mark_sent(tx, row, "id", now)

    while store.write(send):
        pass
    return texts


def test_two_of_one_room_and_hour_with_different_filters_are_both_said(
    sqlite_store: Store,
) -> None:
    both = [at_nine(), at_nine(cis=["netapp*"]), at_nine(cis=["netapp*"])]
    nine = local(2026, 11, 23, 9)
    assert said(sqlite_store, both, nine) == ["* Sun 08 to Mon 08", "netapp* Sun 08 to Mon 08"]
    assert said(sqlite_store, both[::-1], nine) == []


def test_two_of_one_room_and_hour_in_different_zones_are_both_said(sqlite_store: Store) -> None:
    both = [at_nine(), at_nine(time_zone="America/New_York")]
    assert said(sqlite_store, both, local(2026, 11, 23, 9)) == ["* Sun 08 to Mon 08"]
    assert said(sqlite_store, both, local(2026, 11, 23, 15)) == ["* Sun 14 to Mon 14"]


def test_mondays_covers_the_weekend(sqlite_store: Store) -> None:
    weekdays = at_nine(days=["mon", "tue", "wed", "thu", "fri"])
    assert said(sqlite_store, [weekdays], local(2026, 11, 23, 9)) == ["* Fri 08 to Mon 08"]
    assert said(sqlite_store, [weekdays], local(2026, 11, 24, 9)) == ["* Mon 08 to Tue 08"]


def test_it_covers_the_time_since_the_last_one_that_was_said(sqlite_store: Store) -> None:
    assert said(sqlite_store, [at_nine()], local(2026, 11, 23, 10)) == ["* Sun 08 to Mon 09"]
    assert said(sqlite_store, [at_nine()], local(2026, 11, 26, 9)) == ["* Mon 09 to Thu 08"]
    (much_later,) = said(sqlite_store, [at_nine()], local(2027, 3, 1, 9))
    assert much_later == "* Fri 08 to Mon 08"  # 31 days
    weekly = at_nine(days=["mon"], cis=["x"])
    assert said(sqlite_store, [weekly], local(2026, 11, 23, 9)) == ["x Mon 08 to Mon 08"]


def test_one_that_raises_holds_up_no_other_and_the_log_has_all_of_them(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    nine = local(2026, 11, 23, 9)

    def make(_tx: Tx, summary: SummaryConfig, _since: datetime, _until: datetime) -> Card:
        if summary.channel != "net/#ops":
            raise RuntimeError(f"nothing for {summary.channel}")
        return card("all is well")

    channels = ["net/#one", "net/#two", "net/#ops"]
    due_now = [at_nine(channel=channel) for channel in channels]
    with pytest.raises(RuntimeError, match="nothing for net/#two"):
        Summaries(sqlite_store, due_now, make, lambda: nine, lambda: None).tick()
    assert sqlite_store.write(lambda tx: outbox.claim(tx, "net", nine, nine))
    assert [f"nothing for {channel}" in caplog.text for channel in channels] == [True, True, False]
