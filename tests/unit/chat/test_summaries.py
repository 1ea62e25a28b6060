"""The daily summary: at its local hour, once, whatever happens around that hour."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cibot.chat.summaries import LATE, Summaries, due
from cibot.config.models import SummaryConfig
from cibot.store import outbox
from cibot.store.engine import Store
from cibot.text.card import card

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
            lambda _tx, _summary, moment: card(f"summary of {moment:%H:%M}"),
            lambda moment=now: moment,  # type: ignore[misc]
            lambda: wakes.append(1),
        )
        summaries.tick()
        summaries.tick()
        now += timedelta(minutes=5)
    claimed = [
        sqlite_store.write(
            lambda tx: outbox.claim(tx, "net", now, now + timedelta(minutes=1), frozenset())
        )
        for _ in range(2)
    ]
    assert [one.key if one else None for one in claimed] == [
        "summary:2026-11-23:0900:net/#ops",
        None,
    ]
    assert claimed[0] is not None
    assert "summary of 08:01" in claimed[0].card
