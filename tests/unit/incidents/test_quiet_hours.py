"""Quiet hours: when they are on, how they end, and what is worth saying then."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cibot.config.models import QuietConfig
from cibot.incidents.messages import quiet_card
from cibot.incidents.routing import Held, quiet_until, worth_saying
from cibot.model import State
from cibot.text.card import card, line, state_span

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = ["mon", "tue", "wed", "thu", "fri"]


def hours(**fields: object) -> QuietConfig:
    given = {"channels": ["work/#ci"], "begin": "22:00", "end": "07:00",
             "time_zone": "Europe/Berlin"}  # fmt: skip
    return QuietConfig.model_validate(given | fields)


def berlin(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type,misc]


def until(*some: QuietConfig, at: datetime, channel: str = "work/#CI", bad: State = State.FAILING):
    return quiet_until(some, channel, bad, at)


def test_over_midnight_to_the_second() -> None:
    morning = berlin(2026, 11, 24, 7)
    assert until(hours(), at=berlin(2026, 11, 23, 21, 59, 59)) is None
    assert until(hours(), at=berlin(2026, 11, 23, 22)) == morning
    assert until(hours(), at=berlin(2026, 11, 24, 6, 59, 59)) == morning
    assert until(hours(), at=morning) is None
    assert until(hours(), at=berlin(2026, 11, 23, 23), channel="work/#other") is None
    assert until(at=berlin(2026, 11, 23, 23)) is None


def test_within_a_day() -> None:
    noon = hours(begin="12:00", end="13:00")
    assert until(noon, at=berlin(2026, 11, 23, 12, 30)) == berlin(2026, 11, 23, 13)
    assert until(noon, at=berlin(2026, 11, 23, 23)) is None


def test_days_are_those_on_which_they_begin() -> None:
    friday = hours(days=["fri"])
    assert until(friday, at=berlin(2026, 11, 28, 3)) == berlin(2026, 11, 28, 7)  # Saturday
    assert until(friday, at=berlin(2026, 11, 28, 23)) is None


def test_a_weekend_is_one_stretch() -> None:
    weekend = hours(begin="00:00", end="00:00", days=["sat", "sun"])
    nights = hours(days=WEEK)
    monday = berlin(2026, 11, 30)
    assert until(weekend, at=berlin(2026, 11, 28, 12)) == monday
    assert until(weekend, nights, at=berlin(2026, 11, 27, 23)) == monday


def test_for_ever_ends_all_the_same() -> None:
    always = hours(begin="00:00", end="00:00")
    now = berlin(2026, 11, 23, 12)
    end = until(always, at=now)
    assert end is not None
    assert timedelta(days=10) < end - now < timedelta(days=20)


def test_an_hour_is_local_when_the_clocks_change() -> None:
    assert until(hours(), at=berlin(2026, 10, 24, 23)) == datetime(2026, 10, 25, 6, tzinfo=UTC)
    assert until(hours(), at=berlin(2026, 3, 28, 23)) == datetime(2026, 3, 29, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("through", "passing"),
    [
        (None, []),
        ("silent", [State.SILENT]),
        ("failing", [State.SILENT, State.FAILING]),
        ("degraded", [State.SILENT, State.FAILING, State.DEGRADED]),
    ],
)
def test_what_is_bad_enough_comes_through(through: str | None, passing: list[State]) -> None:
    night = berlin(2026, 11, 23, 23)
    bad = [State.SILENT, State.FAILING, State.DEGRADED]
    assert [
        state for state in bad if until(hours(through=through), at=night, bad=state) is None
    ] == passing


def held(*steps: str, incident: int | None = 7) -> list[Held]:
    return [Held(incident, step, card(f"{incident} {step}")) for step in steps]


@pytest.mark.parametrize(
    ("steps", "is_open", "said"),
    [
        (["opened"], True, ["7 opened"]),
        (["opened", "resolved"], False, []),
        (["opened", "escalated", "acknowledged"], True, ["7 escalated"]),
        (["resolved"], False, ["7 resolved"]),  # it was told before
        (["resolved", "reopened"], True, ["7 reopened"]),
        (["resolved", "reopened", "resolved"], False, ["7 resolved"]),
        (["opened", "resolved", "reopened"], True, ["7 reopened"]),
        (["opened", "resolved", "reopened", "resolved"], False, []),
        (["acknowledged"], True, ["7 acknowledged"]),
        (["acknowledged"], False, []),
        (["escalated"], False, []),  # its end waits for nobody
    ],
)
def test_what_is_still_true_is_worth_saying(
    steps: list[str], is_open: bool, said: list[str]
) -> None:
    assert [card.text() for card in worth_saying(held(*steps), {7: is_open})] == said


def test_each_incident_once_and_messages_about_many_as_they_are() -> None:
    some = [*held("opened", incident=1), *held("", incident=None), *held("opened", incident=2)]
    some += held("resolved", incident=1)
    said = [card.text() for card in worth_saying(some, {1: False, 2: True})]
    assert said == ["None ", "2 opened"]


def test_one_alert_is_itself_and_several_are_a_list_worst_first() -> None:
    bad, worse, well = (
        card(line(state_span(state), f" CI {number}"), incident=number)
        for number, state in enumerate([State.DEGRADED, State.SILENT, State.HEALTHY], 1)
    )
    assert quiet_card([bad]) == bad
    many = quiet_card([well, bad, worse])
    assert many.text().splitlines() == [
        "3 alerts from the quiet hours that are still true, worst first:",
        "○ silent CI 2 (#2)",
        "▲ degraded CI 1 (#1)",
        "● healthy CI 3 (#3)",
    ]
    assert quiet_card([bad] * 12).text().splitlines()[-1] == "and 2 more"
