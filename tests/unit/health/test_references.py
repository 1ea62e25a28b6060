"""Who is the reference of a project, and where a CI is at home."""

from __future__ import annotations

from itertools import pairwise

from cibot.config.models import ReferenceConfig
from cibot.health.references import WEEK, ProjectWeek, ReferencePeriods, References, learn

DAY = 86_400.0
MONDAY = 345_600.0
NAMES = {1: "Acme CI", 2: "Zuul", 3: "Bold CI"}


def week(
    ci_id: int,
    number: int,
    verdicts: int,
    project: str = "p",
    at: float = 0.0,
    branch: str = "master",
) -> ProjectWeek:
    begin = MONDAY + number * WEEK
    return ProjectWeek(project, ci_id, number, verdicts, begin + at, begin + at + DAY, branch)


def during(number: int) -> float:
    """Thursday of that week."""
    return MONDAY + number * WEEK + 3.5 * DAY


def test_the_reference_is_who_judges_most_unless_a_gate_judges_half_as_much() -> None:
    busy = learn([week(1, 10, 100), week(2, 10, 60)], NAMES)
    assert busy.periods_of("p").at(during(11)) == 2
    idle = learn([week(1, 10, 100), week(2, 10, 40)], NAMES)
    assert idle.periods_of("p").at(during(11)) == 1


def test_a_reference_remains_while_it_judges_half_as_much_as_the_busiest() -> None:
    weeks = [week(1, 10, 50), week(3, 10, 40), week(1, 14, 30), week(3, 14, 50)]
    assert learn(weeks, NAMES).periods_of("p").at(during(15)) == 1
    weeks[2] = week(1, 14, 20)
    assert learn(weeks, NAMES).periods_of("p").at(during(15)) == 3


def test_alone_on_a_project_nobody_is_the_reference() -> None:
    assert learn([week(2, 10, 60)], NAMES).periods_of("p").at(during(11)) is None


def test_broken_runs_alone_make_no_reference() -> None:
    references = learn([week(1, 10, 0), week(2, 10, 5)], NAMES)
    assert references.periods_of("p").at(during(11)) is None
    assert references.home_projects(1) == ("p",)


def test_before_its_first_verdict_a_ci_is_no_reference() -> None:
    references = learn([week(1, 10, 5, at=DAY), week(2, 10, 60, at=2 * DAY)], NAMES)
    assert references.periods_of("p").at(MONDAY + 10 * WEEK + DAY) is None
    assert references.periods_of("p").at(during(10)) == 2


def test_a_ci_is_at_home_where_it_reported_in_the_28_days_before_it_was_last_heard() -> None:
    weeks = [
        week(1, 10, 90, "old"),
        week(1, 20, 5, "small"),
        week(1, 21, 9, "main"),
        week(1, 22, 1, "small"),
    ]
    references = learn(weeks, NAMES)
    assert references.home_projects(1) == ("main", "small")
    assert references.main_project(1) == "main"
    assert references.projects_ever(1) == {"old", "small", "main"}


def test_a_ci_that_fell_silent_stays_at_home() -> None:
    weeks = [week(1, 10, 9), *(week(2, number, 60) for number in range(10, 60))]
    assert learn(weeks, NAMES).home_projects(1) == ("p",)


def test_the_configured_reference_holds_from_its_first_verdict_in_the_project_on() -> None:
    guessed = learn([week(1, 10, 50), week(2, 10, 60), week(3, 12, 2)], NAMES)
    references = guessed.with_configured([ReferenceConfig(projects=("p*",), ci="Bold CI")], NAMES)
    assert references.periods_of("p").at(during(11)) is None
    assert references.periods_of("p").at(during(12)) == 3
    assert guessed.periods_of("p").at(during(12)) == 2


def test_a_configured_reference_that_never_reported_is_none() -> None:
    references = learn([week(1, 10, 50), week(2, 10, 60)], NAMES)
    configured = references.with_configured([ReferenceConfig(projects=("p",), ci="Bold CI")], NAMES)
    assert configured.periods_of("p").at(during(12)) is None


def test_of_two_configured_ones_the_first_that_fits_holds() -> None:
    references = learn([week(1, 10, 50), week(2, 10, 60)], NAMES)
    entries = [
        ReferenceConfig(projects=("x*",), ci="Zuul"),
        ReferenceConfig(projects=("P",), ci="Acme CI"),
    ]
    configured = references.with_configured(entries, NAMES)
    assert configured.periods_of("p").at(during(12)) == 1


def test_what_is_learnt_does_not_depend_on_the_order() -> None:
    weeks = [
        week(ci, number, 1 + (7 * ci + number) % 5, project)
        for ci in NAMES
        for number in range(10, 20)
        for project in ("p", "q")
    ]
    forth, back = learn(weeks, NAMES), learn(reversed(weeks), NAMES)
    assert forth.periods == back.periods
    assert forth.records == back.records


def test_every_reference_of_a_span_is_known() -> None:
    references = References({("p", ""): ReferencePeriods((10.0, 20.0, 30.0), (1, None, 2))})
    assert references.during("p", 5.0, 25.0) == {None, 1}
    assert references.during("p", 12.0, 30.0) == {1, None, 2}
    assert references.of(["p", "unknown"]) == {1, 2}


def stable(ci_id: int, number: int, verdicts: int, branch: str = "stable/1") -> ProjectWeek:
    return week(ci_id, number, verdicts, branch=branch)


def test_a_branch_where_the_reference_does_not_speak_has_its_own() -> None:
    on_master = [week(ci, number, 60) for ci in (1, 2) for number in range(10, 20)]
    theirs = [stable(ci, number, 20) for ci in (1, 3) for number in range(10, 20)]
    references = learn([*on_master, *theirs], NAMES)
    assert references.periods_of("p").at(during(15)) == 2
    assert references.periods_of("p", "master").at(during(15)) == 2
    assert references.periods_of("p", "stable/1").at(during(15)) == 3  # 1 is measured on master
    assert references.periods_of("p", "stable/2").at(during(15)) == 2
    assert references.of(["p"]) == {2, 3}
    assert references.during("p", during(14), during(15)) == {2, 3}


def test_a_reference_of_several_branches_is_none_that_is_measured() -> None:
    weeks = [week(ci, 10, 60) for ci in (1, 2)]
    weeks += [stable(ci, 10, 40, f"stable/{name}") for ci in (1, 3) for name in "12"]
    references = learn(weeks, NAMES)
    assert [references.periods_of("p", f"stable/{name}").at(during(11)) for name in "12"] == [3, 3]


def test_few_verdicts_one_ci_or_a_word_of_the_reference_make_none_of_its_own() -> None:
    on_master = [week(ci, number, 60) for ci in (1, 2) for number in range(10, 20)]
    for theirs in (
        [stable(1, 15, 9), stable(3, 15, 10)],
        [stable(3, 15, 100)],
        [stable(1, 15, 40), stable(3, 15, 40), stable(2, 15, 10)],
    ):
        references = learn([*on_master, *theirs], NAMES)
        assert references.periods_of("p", "stable/1").at(during(16)) == 2
        assert set(references.periods) == {("p", "")}


def test_a_branch_falls_back_to_its_project_when_its_own_is_gone() -> None:
    on_master = [week(ci, number, 60) for ci in (1, 2) for number in range(10, 30)]
    theirs = [stable(ci, number, 20) for ci in (1, 3) for number in range(10, 14)]
    later = [stable(ci, number, 20) for ci in (1, 2) for number in range(14, 30)]
    references = learn([*on_master, *theirs, *later], NAMES)
    said = [references.periods_of("p", "stable/1").at(during(number)) for number in (9, 12, 25)]
    assert said == [None, 3, 2]
    periods = references.periods_of("p", "stable/1")
    assert list(periods.since) == sorted(periods.since)
    assert all(ci_id != other for ci_id, other in pairwise(periods.ci_ids))


def test_a_reference_may_be_configured_for_some_branches() -> None:
    references = learn([week(ci, 10, 60) for ci in NAMES], NAMES)
    entries = [
        ReferenceConfig(ci="Bold CI", branches=("stable/*",)),
        ReferenceConfig(ci="Acme CI", projects=("q",)),
    ]
    configured = references.with_configured(entries, NAMES)
    assert configured.periods_of("p").at(during(11)) == 2
    assert configured.periods_of("p", "master").at(during(11)) == 2
    assert configured.periods_of("p", "stable/1").at(during(11)) == 3
    assert configured.of(["p"]) == {2, 3}
    assert configured.during("p", during(11), during(12)) == {2, 3}


def test_periods_differ_from_the_first_time_on_that_they_do() -> None:
    old, new = ReferencePeriods((10.0,), (1,)), ReferencePeriods((10.0, 20.0), (1, 2))
    assert old.differs_from(new) == 20.0
    assert old.differs_from(old) is None


def test_branches_where_it_does_not_run_are_not_held_against_a_reference() -> None:
    weeks = [week(ci, 10, 30) for ci in (1, 2)]
    weeks += [stable(ci, 10, 31, f"stable/{name}") for ci in (1, 3) for name in "123"]
    references = learn(weeks, NAMES)
    assert references.periods_of("p", "master").at(during(11)) == 2
    assert [references.periods_of("p", f"stable/{name}").at(during(11)) for name in "123"] == [
        3,
        3,
        3,
    ]
