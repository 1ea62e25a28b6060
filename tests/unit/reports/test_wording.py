"""Sentences whose words depend on rare facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cibot.chat.commands.report import read_words, render
from cibot.errors import UserError
from cibot.health.chart import Drop
from cibot.model import State, Window
from cibot.reports.context import Context
from cibot.reports.feeds import ServerFeeds
from cibot.reports.lists import because
from cibot.reports.period import PeriodReport, ProjectRule
from cibot.reports.period_wording import rules_of
from cibot.reports.status import Standing, status
from cibot.reports.wording import details, headline, stale_lines, standing
from cibot.store.engine import Store
from cibot.store.feeds import FeedState
from tests.support.history import NOW, History, ago

CTX = Context(NOW)


def test_a_server_whose_history_was_read_is_not_called_never_heard() -> None:
    read = FeedState(1, "backfill:2026-10-31", NOW, None, None, 0)
    servers = (
        ServerFeeds("review", "https://review.example.org", None, None, True, (read,)),
        ServerFeeds("other", "https://other.example.org", None, None, True, ()),
    )
    (said,) = stale_lines(CTX, servers)
    assert "".join(span.text for span in said).endswith(
        "review was not heard yet (its history was read) and other was never heard."
    )


def test_a_branch_that_dropped_is_told_of_as_a_ci_is(sqlite_store: Store) -> None:
    history = History(sqlite_store)
    history.change(5, "p", "S", uploads=[ago(days=2)])
    ci = history.ci("Acme").report(5, at=ago(hours=1)).counted(project="p")
    drop = Drop(NOW - ago(hours=2), 0.93, 6, 0)
    ci.is_(State.DEGRADED, ago(hours=2)).on("master", State.FAILING, 20, 26, 0.93, ago(hours=2))
    history.save()
    ctx = replace(CTX, now=history.now)
    detail = sqlite_store.read(lambda tx: status(tx, ctx, "acme", "master"))
    assert detail.branch is not None
    detail = replace(detail, branch=replace(detail.branch, drop=drop))
    said = "".join(span.text for span in headline(ctx, detail))
    assert said.startswith("Acme on master: ■ failing since 02:10 UTC (2 h): 0 of 6 passed since")
    assert "93 % before" in said
    assert "passed 77 % (58–89 %, n=26)" in "".join(span.text for span in details(ctx, detail))
    assert "0 of 6 passed since then" in "".join(s.text for s in because(ctx, detail, detail.since))


def test_a_report_of_no_ci_goes_on_after_its_colon() -> None:
    window = Window.before(NOW.replace(hour=0), timedelta(days=7))
    report = PeriodReport(window, window, "cinder", None, None, timedelta(days=1), (), ())
    assert render(CTX, report).text().endswith("(7 days): no CI had anything to report on.")


def test_a_report_of_a_project_shows_its_own_rules_only() -> None:
    window = Window.before(NOW.replace(hour=0), timedelta(days=7))
    day = timedelta(days=1)
    rules = tuple(
        ProjectRule(number, (pattern,), ("*",), 0.9, day, None, None, ())
        for number, pattern in enumerate(("*", "nova", "cinder*"), 1)
    )
    report = PeriodReport(window, window, "cinder", None, None, day, rules, ())
    assert [rule.number for rule in rules_of(report)] == [1, 3]
    assert rules_of(replace(report, project=None)) == [*rules]


@pytest.mark.parametrize(
    ("asked", "project", "days"),
    [
        ("cinder 90d", "cinder", 90),
        ("cinder last quarter", "cinder", 90),
        ("the last 2 weeks of cinder", "cinder", 14),
        ("cinder past month", "cinder", 30),
        ("cinder 1y", "cinder", 365),
        ("3par-driver", "3par-driver", None),
    ],
)
def test_the_days_of_a_report_as_people_say_them(
    asked: str, project: str, days: int | None
) -> None:
    wanted = read_words(asked.split(), NOW.date())
    assert (wanted.project, wanted.days) == (project, days)


@pytest.mark.parametrize(
    ("asked", "since", "until"),
    [
        ("functest may", "2026-05-01", "2026-06-01"),
        ("functest in December", "2025-12-01", "2026-01-01"),
        ("functest 2025-12", "2025-12-01", "2026-01-01"),
        ("nov 2025 functest", "2025-11-01", "2025-12-01"),
        ("functest q3", "2026-07-01", "2026-10-01"),
        ("functest 2025-Q4", "2025-10-01", "2026-01-01"),
        ("functest 2025", "2025-01-01", "2026-01-01"),
        ("functest from may to july", "2026-05-01", "2026-08-01"),
        ("functest since may", "2026-05-01", "None"),
    ],
)
def test_a_month_or_a_quarter_is_a_period(asked: str, since: str, until: str) -> None:
    wanted = read_words(asked.split(), NOW.date())
    assert (wanted.project, str(wanted.since), str(wanted.until)) == ("functest", since, until)


def test_a_month_has_no_number_of_days_beside_it() -> None:
    with pytest.raises(UserError, match="or a month"):
        read_words(["cinder", "may", "90d"], NOW.date())


@pytest.mark.parametrize("asked", ["cinder on 2024.1 90d", "cinder branch 2024.1 90d"])
def test_a_branch_may_look_like_a_time(asked: str) -> None:
    wanted = read_words(asked.split(), NOW.date())
    assert (wanted.project, wanted.branch, wanted.days) == ("cinder", "2024.1", 90)


@pytest.mark.parametrize("word", ["2018-13", "20180", "-5d", "90", "7x"])
def test_what_looks_like_a_time_is_not_passed_over(word: str) -> None:
    with pytest.raises(UserError, match="is no time here"):
        read_words(["cinder", word], NOW.date())


@pytest.mark.parametrize(
    ("rank", "of", "words"),
    [
        (2, 4, "rank 2 of 4 on acme/block by pass rate"),
        (1, 1, "no other CI has enough results for a rank on acme/block"),
        (None, 4, "too few results for a rank on acme/block"),
    ],
)
def test_a_rank_or_why_there_is_none(rank: int | None, of: int, words: str) -> None:
    shared = Standing("acme/block", rank, of, "Zuul", 25, 5, 24)
    assert standing(shared) == (
        f"Compared with other CIs: {words}; of 25 patch sets that it and Zuul judged in 7 days"
        " it passed 5, Zuul 24."
    )
    alone = Standing("acme/block", rank, of, None, 0, None, None)
    assert standing(alone) == f"Compared with other CIs: {words}."
