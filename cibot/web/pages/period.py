"""The page of a period's report: to read, and to print for who decides by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cibot.chat.commands import report as report_command
from cibot.reports import period_wording
from cibot.reports.context import Context
from cibot.reports.period import CiPeriod, PeriodReport, ProjectRule
from cibot.reports.promise import Criterion
from cibot.store.changes import project_names
from cibot.store.engine import Tx
from cibot.text import figures
from cibot.web.api.general import PeriodParams, report_of


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """A report, and the projects that one may be of."""

    report: PeriodReport
    projects: Sequence[str]

    @property
    def title(self) -> str:
        """Of what and when."""
        return f"{period_wording.where(self.report)}, {period_wording.days(self.report.window)}"

    @property
    def totals(self) -> str:
        """How many CIs kept the rules."""
        return figures.sentence(period_wording.totals(self.report))

    @property
    def judged(self) -> list[CiPeriod]:
        """The CIs that a rule is for, worst first."""
        return [ci for ci in self.report.cis if ci.promises]

    @property
    def asked(self) -> dict[str, object]:
        """The words by which just this report is asked for again."""
        return report_command.asked_by(self.report)

    def rule(self, number: int) -> ProjectRule:
        """A rule by its number."""
        return next(rule for rule in self.report.rules if rule.number == number)

    def said(self, rule: int, criterion: Criterion) -> str:
        """What became of one thing that a rule asks for."""
        return period_wording.criterion(criterion, self.rule(rule).within)


def period_page(tx: Tx, ctx: Context, params: PeriodParams) -> PeriodPage:
    """The page. Raises UserError for days that are none, and for no project."""
    return PeriodPage(report_of(tx, ctx, params), sorted(project_names(tx), key=str.casefold))
