"""What each CI says of one patch set, and which failures to trust."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cibot.errors import UserError
from cibot.model import Result, State
from cibot.reports.context import Context, gerrit_page
from cibot.reports.failures import FailedJob, verdict_of
from cibot.reports.listing import CiLine, all_lines
from cibot.reports.project import AtHome, cis_on, reference_on
from cibot.store.changes import ChangeRow, changes_by_number, patch_set_times, verdicts_on
from cibot.store.changes import Verdict as StoredVerdict
from cibot.store.cis import server_urls
from cibot.store.engine import Tx
from cibot.store.reports import StoredBuild, builds_of

_USUAL = 0.5  # of the project's last changes: who judged fewer is not missed
_BAD = {Result.FAIL, Result.INFRA}


@dataclass(frozen=True, slots=True)
class CiVerdict:
    """The last word of a CI in one pipeline; ``result`` None while it only has started.

    ``running`` says that it started again after that word. ``alone`` says that
    it failed while the reference passed and no other CI failed.
    """

    ci: CiLine
    pipeline: str | None
    result: Result | None
    posted_at: datetime
    running: bool
    alone: bool
    failed_jobs: tuple[FailedJob, ...]
    jobs: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A CI that usually reports on the project and has not reported on this patch set."""

    ci: CiLine
    share: float


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """The verdicts on one patch set, failures first.

    ``latest`` is the change's last patch set; ``reference_result`` what the
    reference says of this one, None while it says nothing.
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


def parse_change(text: str) -> tuple[int, int | None]:
    """(number, patch set or None) of "912345", "912345,3", "#912345" or a Gerrit address.

    Raises UserError on anything else.
    """
    match = re.search(r"/\+/(\d{1,9})(?:/(\d{1,5}))?(?!\d)", text) or re.fullmatch(
        r"#?(\d{1,9})(?:\s*[,/ ]\s*(?:ps\s*)?(\d{1,5}))?", text.strip(), re.IGNORECASE
    )
    if not match or int(match[1]) == 0:
        raise UserError(
            f"{text.strip()[:40]!r} is not a change; write its number, as in 912345 or 912345,3."
        )
    return int(match[1]), int(match[2]) if match[2] else None


def change(
    tx: Tx, ctx: Context, number: int, patch_set: int | None = None, server: str | None = None
) -> ChangeReport:
    """What each CI says of a patch set, the last one where none is named.

    Of several servers' changes of that number the one that moved last is
    taken, unless ``server`` names one. Raises UserError when it is not stored.
    """
    row, url = _find(tx, number, server)
    times = patch_set_times(tx, row.id)
    stored = verdicts_on(tx, [row.id])
    latest = max([*times, *(one.patch_set for one in stored)], default=1)
    wanted = latest if patch_set is None else patch_set
    if not 1 <= wanted <= latest:
        raise UserError(f"Change {number} has no patch set {wanted}; its last is {latest}.")
    lines = {one.id: one for one in all_lines(tx, ctx)}
    home = cis_on(tx, ctx, row.project)
    reference = reference_on(ctx, row.project, home, {ci: one.name for ci, one in lines.items()})
    found = _verdicts(tx, lines, [one for one in stored if one.patch_set == wanted], reference)
    return ChangeReport(
        number=row.number,
        patch_set=wanted,
        latest=latest,
        project=row.project,
        branch=row.branch,
        subject=row.subject,
        status=row.status,
        uploaded_at=times.get(wanted),
        gerrit=gerrit_page(url, row.project, row.number, wanted) if url else None,
        page=ctx.change_page(row.number),
        reference=reference,
        reference_result=_reference_result(found, reference),
        verdicts=found,
        missing=_missing(lines, home, found),
    )


def _find(tx: Tx, number: int, server: str | None) -> tuple[ChangeRow, str | None]:
    servers = server_urls(tx)
    for row in changes_by_number(tx, number):
        name, url = servers.get(row.server_id, (None, None))
        if server in {None, name}:
            return row, url
    raise UserError(
        f"Change {number} is not known here: no CI's comment on it has been read so far."
    )


def _verdicts(
    tx: Tx, lines: dict[int, CiLine], stored: Sequence[StoredVerdict], reference: str | None
) -> tuple[CiVerdict, ...]:
    """The last judging report of each CI and pipeline; a start counts until a word follows."""
    words: dict[tuple[int, str | None], StoredVerdict] = {}
    started: dict[int, StoredVerdict] = {}
    for one in stored:
        if one.result is not None:
            words[one.ci_id, one.pipeline] = one
            started.pop(one.ci_id, None)
        elif one.outcome == "started":
            started[one.ci_id] = one
    builds = builds_of(tx, [(one.change_id, one.seq) for one in words.values()])
    found = [
        _verdict(lines[one.ci_id], one, started, builds.get((one.change_id, one.seq), []))
        for one in [
            *words.values(),
            *(start for ci, start in started.items() if not any(ci == key[0] for key in words)),
        ]
        if one.ci_id in lines
    ]
    return _judged(found, reference)


def _verdict(
    line: CiLine,
    stored: StoredVerdict,
    started: dict[int, StoredVerdict],
    builds: Sequence[StoredBuild],
) -> CiVerdict:
    return CiVerdict(
        ci=line,
        pipeline=stored.pipeline,
        result=verdict_of(stored.result),
        posted_at=stored.posted_at,
        running=line.id in started,
        alone=False,
        failed_jobs=tuple(
            FailedJob(one.job, one.word, one.url, one.voting)
            for one in builds
            if one.result in _BAD
        ),
        jobs=len(builds),
    )


def _judged(found: list[CiVerdict], reference: str | None) -> tuple[CiVerdict, ...]:
    """Failures first; one that no other CI shares while the reference passed stands alone."""
    failed = {one.ci.name for one in found if one.result in _BAD}
    alone = len(failed) == 1 and _reference_result(found, reference) is Result.PASS
    order = {Result.FAIL: 0, Result.INFRA: 1, None: 2, Result.PASS: 3, Result.SKIPPED: 4}
    marked = [
        CiVerdict(
            one.ci,
            one.pipeline,
            one.result,
            one.posted_at,
            one.running,
            alone and one.result in _BAD,
            one.failed_jobs,
            one.jobs,
        )
        for one in found
    ]
    return tuple(sorted(marked, key=lambda one: (order[one.result], one.ci.name.casefold())))


def _reference_result(found: Sequence[CiVerdict], reference: str | None) -> Result | None:
    """What the reference's last words say together: it fails when one of them does."""
    results = {one.result for one in found if one.ci.name == reference}
    for one in (Result.FAIL, Result.INFRA, Result.PASS):
        if one in results:
            return one
    return None


def _missing(
    lines: dict[int, CiLine], home: dict[int, AtHome], found: Sequence[CiVerdict]
) -> tuple[Missing, ...]:
    heard = {one.ci.id for one in found}
    absent = [
        Missing(lines[ci], usual.share)
        for ci, usual in home.items()
        if ci in lines and ci not in heard and usual.share >= _USUAL and usual.of >= 3
    ]
    return tuple(sorted(absent, key=lambda one: one.ci.name.casefold()))


def trustworthy(verdict: CiVerdict) -> bool:
    """Whether a failure says something of the change: its CI is not failing by itself."""
    return not (verdict.alone and verdict.ci.state in {State.FAILING, State.DEGRADED})
