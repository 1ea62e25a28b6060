"""What failures say about a change, in sentences: one place for all faces. Pure."""

from __future__ import annotations

from collections.abc import Callable

from cibot.health.weighing.reasons import ReasonName
from cibot.health.weighing.weigh import Blame
from cibot.model import State
from cibot.reports.change import (
    ChangeReport,
    CiVerdict,
    Missing,
    WeighedJob,
    failed,
    innocent,
    worth_a_look,
)
from cibot.reports.context import Context
from cibot.reports.weighing import JobWeight
from cibot.text import figures
from cibot.text.card import Line, Span, line

_SPOKEN = 2  # the largest reasons
_OPEN = "It is open whether the change is at fault"
_NAMED = 3  # patch sets or CIs
_AGAIN = "passed when run again"
_SAME_CODE = "passed without new code"  # of failures that were followed by new code, too
_FEW = 3  # failures of the job that were run again: with fewer its CI's are shown


def absent(ctx: Context, missing: Missing) -> Line:
    """The CI that is missing, and for how long it is silent where it is."""
    ci = missing.ci
    silent = ci.since if ci.state is State.SILENT else None
    note = f" (silent for {figures.span(ctx.now - silent)})" if silent else ""
    return line(Span(ci.name, href=ci.page), note)


def overall(report: ChangeReport) -> str:
    """One sentence over all failures, as "1 of 4 failures is worth a look"; "" without any."""
    bad = failed(report)
    if not bad:
        return ""
    looks = sum(map(worth_a_look, bad))
    clear = sum(innocent(verdict) for verdict in bad)
    unsure = len(bad) - looks - clear
    of = figures.plural(len(bad), "failure")
    if len(bad) == 1:
        head = "The failure is worth a look" if looks else _OPEN
        return "The failure is nothing to look at" if clear else head
    if looks == 0:
        open_ = f"{figures.number(unsure)} {'is' if unsure == 1 else 'are'} open"
        return f"None of {of} is worth a look" + (f", {open_}" if unsure else "")
    head = f"{figures.number(looks)} of {of} {'is' if looks == 1 else 'are'} worth a look"
    return head + (f", {figures.number(unsure)} open" if unsure else "")


def failure(ctx: Context, verdict: CiVerdict) -> str:
    """What a CI's failure says: of the job that says most, and how many others say less."""
    voting = [job for job in verdict.jobs if job.weight is not None]
    if not voting:
        return "Open: it names no voting job that failed."
    said = job_sentence(ctx, verdict, voting[0])
    if len(voting) == 1:
        return said
    first = voting[0].weight
    others = [job for job in voting[1:] if job.weight and first]
    alike = sum(job.weight.verdict is first.verdict for job in others if job.weight and first)
    rest = len(others) - alike
    tail = f" So of {figures.plural(alike, 'other job')}." if alike else ""
    less = f" {figures.plural(rest, 'other job')} {_says(rest)} less." if rest else ""
    return f"{figures.cut(voting[0].name, 60)}: {said[:1].lower()}{said[1:]}{tail}{less}"


def _says(count: int) -> str:
    return "says" if count == 1 else "say"


def job_sentence(ctx: Context, verdict: CiVerdict, job: WeighedJob) -> str:
    """The verdict on one failed job with its largest reasons and their counts; "" if unweighed."""
    weight = job.weight
    if weight is None:
        return ""
    if weight.verdict is Blame.CONFLICT:
        return "A merge conflict: the change wants a rebase."
    name = figures.cut(job.name or verdict.ci.name, 60)
    if weight.verdict is Blame.SAYS_NOTHING:
        return f"Says nothing of this change: {name} {_hopeless(ctx, weight)}."
    if weight.verdict is Blame.TOO_LITTLE:
        return f"Too little is known of {name}."
    return _reasoned(weight)


def _reasoned(weight: JobWeight) -> str:
    """A verdict that its reasons make."""
    freeing, blaming = _clauses(weight, +1), _clauses(weight, -1)
    if weight.verdict is Blame.NOT_THE_CHANGE:
        reasons, odds = _joined(freeing[:_SPOKEN]), _odds(weight.chance)
        did = "did" if reasons.endswith(_AGAIN) else _AGAIN
        return f"Probably not the change: {reasons}; {odds} like this {did}."
    if weight.verdict is Blame.LOOK:
        return f"Look at it: {_joined(blaming[:_SPOKEN])}."
    sides = [f"for the change: {freeing[0]}"] if freeing else []
    sides += [f"against it: {blaming[0]}"] if blaming else []
    end = "" if weight.failed_here else "; a recheck would tell"
    return f"Open: {'; '.join(sides) or 'nothing speaks either way'}{end}."


def _hopeless(ctx: Context, weight: JobWeight) -> str:
    changes = f"failed on the last {figures.plural(weight.streak, 'change')}"
    if weight.passed_at is None:
        return f"{changes}, no pass among them"
    return f"{changes}, no pass since {figures.zoned(weight.passed_at, ctx.now, ctx.zone)}"


def _odds(chance: float) -> str:
    """As "about 4 in 5": a figure is right to a tenth, and no percentage."""
    return "about 9 in 10" if chance >= 0.85 else "about 4 in 5"


def _joined(clauses: list[str]) -> str:
    return ", and ".join(clauses) or "nothing alone, all together"


def _clauses(weight: JobWeight, way: int) -> list[str]:
    """The reasons on one side in words, the largest first; those of the same words are one."""
    sizes: dict[str, float] = {}
    for reason in weight.reasons:
        clause = _CLAUSES[reason.name](weight) if reason.log_odds * way > 0 else ""
        if clause:
            sizes[clause] = sizes.get(clause, 0.0) + abs(reason.log_odds)
    return sorted(sizes, key=lambda clause: -sizes[clause])


def _word(weight: JobWeight) -> str:
    return figures.cut(weight.word, 40)


def _failed_before(weight: JobWeight) -> str:
    return f"it failed on {_patch_sets(weight.failed_before)} too"


def _only_job(weight: JobWeight) -> str:
    return f"it is the only one of {figures.plural(weight.voting_jobs, 'job')} that failed"


def _many_jobs(weight: JobWeight) -> str:
    failed = figures.number(weight.failed_jobs)
    return f"{failed} of {figures.plural(weight.voting_jobs, 'job')} failed"


def _patch_sets(numbers: tuple[int, ...]) -> str:
    if len(numbers) > _NAMED:
        return f"the {len(numbers)} patch sets before"
    noun = "patch set" if len(numbers) == 1 else "patch sets"
    return f"{noun} {figures.listed([str(number) for number in sorted(numbers)])}"


def _other_changes(weight: JobWeight) -> str:
    """Of few changes nothing is said."""
    if weight.changes < _FEW:
        return ""
    mostly_failed = weight.changes_failed * 5 > weight.changes
    count = weight.changes_failed if mostly_failed else weight.changes - weight.changes_failed
    word = "failed" if mostly_failed else "passed"
    of = (
        f"all of the last {count}"
        if count == weight.changes
        else f"{count} of the last {weight.changes}"
    )
    return f"it {word} on {of} other changes"


def _run_again(weight: JobWeight) -> str:
    if weight.again >= _FEW:
        whose, passed, of = "its", weight.again_passed, weight.again
    else:
        whose, passed, of = "its CI's", weight.ci_again_passed, weight.ci_again
    if of < _FEW:
        return ""
    if passed in (0, of):
        every, did = ("all", _AGAIN) if passed else ("none", _SAME_CODE)
        return f"{every} of {whose} last {of} failures {did}"
    few, did = ("only ", _SAME_CODE) if passed * 2 < of else ("", _AGAIN)
    return f"{few}{passed} of {whose} last {of} failures {did}"


def _other_cis(weight: JobWeight) -> str:
    failed = figures.some(weight.cis_failed, _NAMED)
    passed = figures.some(weight.cis_passed, _NAMED)
    if failed and passed:
        return f"{failed} failed too, {passed} passed"
    return f"{failed} failed too" if failed else f"{passed} passed"


_CLAUSES: dict[ReasonName, Callable[[JobWeight], str]] = {
    ReasonName.FAILED_BEFORE: _failed_before,
    ReasonName.FAILED_LONG: _failed_before,
    ReasonName.FAILED_HERE: lambda weight: (
        f"it failed here {figures.plural(weight.failed_here + 1, 'time')} in a row"
    ),
    ReasonName.PASSED_UNCHANGED: lambda weight: (
        f"it passed on patch set {weight.passed_unchanged}, whose code is the same"
    ),
    ReasonName.PASSED_HERE: lambda _weight: "it passed on this very patch set",
    ReasonName.NEVER_RAN: _word,
    ReasonName.BROKE: _word,
    ReasonName.ONLY_JOB: _only_job,
    ReasonName.MANY_JOBS: _many_jobs,
    ReasonName.OTHER_CHANGES: _other_changes,
    ReasonName.RUN_AGAIN: _run_again,
    ReasonName.OTHER_CIS: _other_cis,
}
"""A reason with its counts; "" where these are too small to mean anything."""
