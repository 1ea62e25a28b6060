"""A leaked token does not fill the database."""

from datetime import UTC, datetime, timedelta

from cibot.webhooks.gerrit import Allowance

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_flood_of_events_is_stopped_and_a_busy_gerrit_is_not() -> None:
    allowance = Allowance()
    taken = sum(allowance.take(2_000, NOON) for _ in range(50_000))
    assert taken == 30_000
    later = NOON + timedelta(seconds=2)
    assert sum(allowance.take(2_000, later) for _ in range(5_000)) == 1_000
    busy = Allowance()
    for second in range(300):
        at = NOON + timedelta(seconds=second)
        assert all(busy.take(3_000, at) for _ in range(300))


def test_a_flood_of_bytes_is_stopped() -> None:
    allowance = Allowance()
    taken = sum(allowance.take(2**20, NOON) for _ in range(1_000))
    assert taken == 120
    assert not allowance.take(2**20, NOON - timedelta(hours=1))  # a clock that was put back
    assert allowance.take(2**20, NOON + timedelta(seconds=1))
