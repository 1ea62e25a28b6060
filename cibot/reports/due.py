"""Which patch sets a CI should have reported on: what `missed` lists. Pure."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cibot.store.histories import DuePatchSet
from cibot.store.reports import StoredReport

_LEAST_DEADLINE = timedelta(hours=1)
_MOST_DEADLINE = timedelta(days=3)
_UNTRIED_DEADLINE = timedelta(days=1)
_ENOUGH_LATENCIES = 20

PatchSetKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Eligible:
    """A patch set that the CI should have reported on.

    It is in the CI's scope, the reference CI (where the project has one) reported
    on it, and it lived past ``deadline``. ``reported`` says whether the CI did.
    """

    change_id: int
    change: int
    patch_set: int
    project: str
    uploaded_at: datetime
    deadline: datetime
    reported: bool


def deadline_after(reports: Iterable[StoredReport]) -> timedelta:
    """How long after an upload a CI's first verdict may take: its 99th percentile."""
    first: dict[PatchSetKey, timedelta] = {}
    for one in reports:
        if one.result is not None and one.uploaded_at is not None:
            first.setdefault((one.change_id, one.patch_set), one.posted_at - one.uploaded_at)
    latencies = sorted(first.values())
    if not latencies:
        return _UNTRIED_DEADLINE
    if len(latencies) < _ENOUGH_LATENCIES:
        usual = 2 * latencies[-1]
    else:
        usual = latencies[min(len(latencies) - 1, int(0.99 * len(latencies)))]
    return min(max(usual, _LEAST_DEADLINE), _MOST_DEADLINE)


def eligible(
    due: Iterable[DuePatchSet],
    reports: Iterable[StoredReport],
    in_scope: Callable[[str, str], bool],
    allowed: timedelta,
    now: datetime,
) -> list[Eligible]:
    """The patch sets that a CI should have reported on by now.

    ``due`` are those that the reference judged; ``allowed`` is the time from
    upload to deadline. A patch set that was replaced or closed before its
    deadline was not due, nor was one that came before the CI's first report.
    """
    times: dict[PatchSetKey, list[datetime]] = defaultdict(list)
    for one in reports:
        times[one.change_id, one.patch_set].append(one.posted_at)
    begun = min((at for posted in times.values() for at in posted), default=None)
    found = []
    for one_due in due:
        if begun is not None and one_due.uploaded_at + allowed < begun:
            continue
        deadline = one_due.uploaded_at + allowed
        reported = bool(bisect.bisect_right(times[one_due.change_id, one_due.patch_set], deadline))
        lived = not _ended_before(one_due, deadline)
        if in_scope(one_due.project, one_due.branch) and deadline <= now and (lived or reported):
            found.append(
                Eligible(
                    one_due.change_id,
                    one_due.number,
                    one_due.patch_set,
                    one_due.project,
                    one_due.uploaded_at,
                    deadline,
                    reported,
                )
            )
    return found


def _ended_before(due: DuePatchSet, deadline: datetime) -> bool:
    if due.superseded_at is not None and due.superseded_at < deadline:
        return True
    return due.status != "NEW" and due.updated_at < deadline
