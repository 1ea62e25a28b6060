"""What each CI says of one patch set, and what each failure says about the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.errors import UserError
from cibot.health.weighing.weigh import Blame
from cibot.model import Result
from cibot.reports.change_address import ChangeWanted
from cibot.reports.ci import CiLine
from cibot.reports.context import Context, gerrit_page, same_fields
from cibot.reports.failures import BAD, FailedJob, verdict_of
from cibot.reports.home_projects import cis_on, reference_on
from cibot.reports.listing import all_lines
from cibot.reports.signals import usual_coverage
from cibot.reports.weighing import NO_JOB, JobWeight, weigh_failures
from cibot.store.changes import ChangeRow, changes_by_number
from cibot.store.cis import server_urls
from cibot.store.engine import Tx
from cibot.store.patch_sets import patch_set_times
from cibot.store.reports import StoredBuild, builds_of, verdicts_on
from cibot.store.reports import VerdictRow as StoredVerdict

_USUAL = 0.5  # of its chances: a CI that usually takes fewer is not missing
_RUNS_FOR = timedelta(days=3)  # judging waits no longer for a report
_LOOKS = {Blame.LOOK, Blame.CONFLICT}
_INNOCENT = {Blame.NOT_THE_CHANGE, Blame.SAYS_NOTHING}
# What says most about the change comes first; None is a failure without named jobs.
_WEIGHT: tuple[Blame | None, ...] = (
    Blame.LOOK,
    Blame.CONFLICT,
    Blame.OPEN,
    None,
    Blame.TOO_LITTLE,
    Blame.NOT_THE_CHANGE,
    Blame.SAYS_NOTHING,
)


@dataclass(frozen=True, slots=True)
class WeighedJob(FailedJob):
    """A job that did not pass, and what that says about the change: None where it does not vote.

    A report that names no jobs counts as one job without a name.
    """

    weight: JobWeight | None = None


@dataclass(frozen=True, slots=True)
class CiVerdict:
    """The last word of a CI in one pipeline; ``result`` None where it only has started.

    ``running`` says that it started, or started again after that word, and may still end.
    ``jobs`` are those that did not pass, of ``builds``; the one that says most about the change
    comes first.
    """

    ci: CiLine
    pipeline: str | None
    outcome: str
    result: Result | None
    posted_at: datetime
    running: bool
    jobs: tuple[WeighedJob, ...]
    builds: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A CI that usually reports on the project and has not reported on this patch set."""

    ci: CiLine
    share: float


@dataclass(frozen=True, slots=True)
class Namesake:
    """Another change of the same number: of another project, or of another server."""

    server: str | None
    project: str
    subject: str


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """The verdicts on one patch set, failures first.

    ``latest`` is the change's last patch set; ``reference_result`` what the
    reference says of this one, None while it says nothing. ``namesakes`` are
    the other changes that have this number.
    """

    number: int
    patch_set: int
    latest: int
    project: str
    branch: str
    subject: str
    status: str
    uploaded_at: datetime | None
    gerrit: str | None
    page: str | None
    reference: str | None
    reference_result: Result | None
    verdicts: tuple[CiVerdict, ...]
    missing: tuple[Missing, ...]
    namesakes: tuple[Namesake, ...] = ()


def change(tx: Tx, ctx: Context, asked: ChangeWanted, server: str | None = None) -> ChangeReport:
    """What each CI says of a patch set, the last one where none is named.

    Of several changes of that number (on a server with imported projects, or on
    several servers) the one that moved last is taken, unless the project or
    ``server`` names one. Raises UserError when it is not stored.
    """
    number, patch_set = asked.number, asked.patch_set
    row, url, namesakes = _find(tx, asked, server)
    times = patch_set_times(tx, row.id)
    stored = verdicts_on(tx, [row.id])
    latest = max([*times, *(verdict.patch_set for verdict in stored)], default=1)
    wanted = latest if patch_set is None else patch_set
    if not 1 <= wanted <= latest:
        raise UserError(f"Change {number} has no patch set {wanted}; its last is {latest}.")
    lines = {ci.id: ci for ci in all_lines(tx, ctx)}
    names = {ci: line.name for ci, line in lines.items()}
    judge = reference_on(tx, ctx, row.project, names, row.branch)
    reference = judge.name if judge else None
    over = wanted < latest or row.status != "NEW"
    verdicts = ci_verdicts(tx, ctx, lines, stored, {row.id: wanted}, {row.id} if over else ())
    absent = [lines[ci] for ci in cis_on(tx, row.project) if ci in lines]
    return ChangeReport(
        **same_fields(ChangeReport, row),
        patch_set=wanted,
        latest=latest,
        uploaded_at=times.get(wanted),
        gerrit=gerrit_page(url, row.project, row.number, wanted),
        page=ctx.page(
            "change",
            row.number,
            patch_set=wanted if wanted < latest else None,
            project=row.project if namesakes else None,
        ),
        reference=reference,
        reference_result=_reference_result(verdicts[row.id], reference),
        verdicts=verdicts[row.id],
        missing=_missing(absent, verdicts[row.id], over=over),
        namesakes=namesakes,
    )


def _find(
    tx: Tx, wanted: ChangeWanted, server: str | None
) -> tuple[ChangeRow, str | None, tuple[Namesake, ...]]:
    """The change, its server's URL, and the others of its number."""
    servers = server_urls(tx)
    rows = changes_by_number(tx, wanted.number)
    fitting = [
        row
        for row in rows
        if server in {None, servers[row.server_id][0]} and wanted.project in {None, row.project}
    ]
    if not fitting:
        where = f" of {wanted.project}" if wanted.project else ""
        raise UserError(
            f"Change {wanted.number}{where} is not known here:"
            " no CI's comment on it has been read so far."
        )
    first = fitting[0]
    namesakes = tuple(
        Namesake(servers[row.server_id][0], row.project, row.subject)
        for row in rows
        if row.id != first.id
    )
    return first, servers[first.server_id][1], namesakes


def ci_verdicts(
    tx: Tx,
    ctx: Context,
    lines: Mapping[int, CiLine],
    stored: Sequence[StoredVerdict],
    patch_sets: Mapping[int, int],
    over: Collection[int] = (),
) -> dict[int, tuple[CiVerdict, ...]]:
    """The last judging report of each CI and pipeline on a patch set of each change.

    A start counts until a word follows. ``stored`` are all reports on the changes; on those that
    are ``over``, closed or with a later patch set, nothing runs any more.
    """
    here = [
        verdict
        for verdict in stored
        if verdict.patch_set == patch_sets[verdict.change_id] and verdict.ci_id in lines
    ]
    last, started = last_words(here)
    failed = {(verdict.change_id, verdict.ci_id) for verdict in last if verdict.result in BAD}
    wanted = {(verdict.change_id, verdict.seq) for verdict in last} | {
        (verdict.change_id, verdict.seq)
        for verdict in stored
        if verdict.result and (verdict.change_id, verdict.ci_id) in failed
    }
    builds = builds_of(tx, wanted)
    names = {ci: line.name for ci, line in lines.items()}
    weights = weigh_failures(tx, last, stored, builds, names)
    spoke = {(verdict.change_id, verdict.ci_id) for verdict in last}
    only = [start for key, start in started.items() if key not in spoke]
    running = [
        _run_again(start, last)
        for (change_id, _ci), start in started.items()
        if change_id not in over and ctx.now - start.posted_at < _RUNS_FOR
    ]
    by_change: dict[int, list[CiVerdict]] = {change_id: [] for change_id in patch_sets}
    for verdict in [*last, *only]:
        ran = builds.get((verdict.change_id, verdict.seq), [])
        line = lines[verdict.ci_id]
        by_change[verdict.change_id].append(
            _verdict(line, verdict, ran, weights, running=verdict in running)
        )
    return {change_id: tuple(sorted(each, key=_order)) for change_id, each in by_change.items()}


def _run_again(start: StoredVerdict, last: Sequence[StoredVerdict]) -> StoredVerdict:
    """Which of a CI's last words a start is to replace: that of its pipeline, or the newest.

    Of a CI that said nothing so far it is the start itself.
    """
    own = [word for word in last if (word.change_id, word.ci_id) == (start.change_id, start.ci_id)]
    same = (word for word in own if word.pipeline == start.pipeline)
    return next(same, max(own, key=lambda word: word.posted_at, default=start))


def last_words(
    reports: Iterable[StoredVerdict],
) -> tuple[list[StoredVerdict], dict[tuple[int, int], StoredVerdict]]:
    """The last judging report of each CI and pipeline on a change, and the starts after them."""
    words: dict[tuple[int, int, str | None], StoredVerdict] = {}
    started: dict[tuple[int, int], StoredVerdict] = {}
    for report in reports:
        key = report.change_id, report.ci_id
        if report.result is not None:
            words[*key, report.pipeline] = report
            started.pop(key, None)
        elif report.outcome == "started":
            started[key] = report
    return list(words.values()), started


def _verdict(
    line: CiLine,
    stored: StoredVerdict,
    builds: Sequence[StoredBuild],
    weights: Mapping[tuple[int, int, str], JobWeight],
    *,
    running: bool,
) -> CiVerdict:
    key = stored.change_id, stored.seq
    jobs = [
        WeighedJob(
            build.job,
            build.word,
            build.url,
            build.voting,
            weights.get((*key, build.job)) if build.voting else None,
        )
        for build in builds
        if build.result in BAD
    ]
    nameless = weights.get((*key, NO_JOB))
    if nameless is not None and not builds:
        jobs.append(WeighedJob(NO_JOB, nameless.word, None, True, nameless))
    return CiVerdict(
        ci=line,
        pipeline=stored.pipeline,
        outcome=stored.outcome,
        result=verdict_of(stored.result),
        posted_at=stored.posted_at,
        running=running,
        jobs=tuple(sorted(jobs, key=_job_order)),
        builds=len(builds),
    )


def _job_order(job: WeighedJob) -> tuple[bool, int, float]:
    verdict = job.weight.verdict if job.weight else None
    return (not job.voting, _WEIGHT.index(verdict), job.weight.chance if job.weight else 0.0)


def _order(verdict: CiVerdict) -> tuple[int, int, str]:
    """Failures first, and of those what says most about the change."""
    order = {Result.FAIL: 0, Result.INFRA: 0, None: 2, Result.PASS: 3, Result.SKIPPED: 4}
    weight = _WEIGHT.index(blame(verdict)) if verdict.result in BAD else 0
    return order[verdict.result], weight, verdict.ci.name.casefold()


def failed(report: ChangeReport) -> list[CiVerdict]:
    """The verdicts that are not in favour."""
    return [verdict for verdict in report.verdicts if verdict.result in BAD]


def blame(verdict: CiVerdict) -> Blame | None:
    """What a CI's failure says about the change, by the job that says most.

    None where it names no voting job that failed.
    """
    weight = verdict.jobs[0].weight if verdict.jobs else None
    return weight.verdict if weight else None


def worth_a_look(verdict: CiVerdict) -> bool:
    """Whether a failure is surely something to look at."""
    return blame(verdict) in _LOOKS


def innocent(verdict: CiVerdict) -> bool:
    """Whether a failure is nothing to look at."""
    return blame(verdict) in _INNOCENT


def _reference_result(verdicts: Sequence[CiVerdict], reference: str | None) -> Result | None:
    """What the reference's last words say together: it fails when one of them does."""
    results = {verdict.result for verdict in verdicts if verdict.ci.name == reference}
    for result in (Result.FAIL, Result.INFRA, Result.PASS):
        if result in results:
            return result
    return None


def _missing(
    at_home: Sequence[CiLine], verdicts: Sequence[CiVerdict], *, over: bool
) -> tuple[Missing, ...]:
    """Who was not heard; a run that is not over by now is not heard of any more."""
    heard = {verdict.ci.id for verdict in verdicts if verdict.result or verdict.running or over}
    absent = [
        Missing(line, share)
        for line in at_home
        if line.id not in heard and (share := usual_coverage(line.signals) or 0.0) >= _USUAL
    ]
    return tuple(sorted(absent, key=lambda missing: missing.ci.name.casefold()))
