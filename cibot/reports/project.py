"""Projects: which is meant, which CIs are at home there, which CI is the reference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from cibot.health.references import guess_reference
from cibot.reports.context import Context
from cibot.reports.names import resolve
from cibot.store.changes import latest_changes, project_names, verdicts_on
from cibot.store.engine import Tx

_LOOK_BACK = timedelta(days=28)
_CHANGES = 60  # enough to see who is at home, few enough to ask with every answer


@dataclass(frozen=True, slots=True)
class AtHome:
    """How many of the last ``of`` changes of a project that any CI judged a CI judged."""

    judged: int
    of: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.judged / self.of


def find_project(tx: Tx, wanted: str) -> str:
    """The project that is meant: "cinder" for "openstack/cinder" where nothing else fits.

    Raises UserError, asking back, when several fit or none does.
    """
    names = project_names(tx)
    tails = [name for name in names if name.casefold().endswith(f"/{wanted.casefold()}")]
    if len(tails) == 1 and wanted not in names:
        return tails[0]
    return resolve(wanted, names, "project")


def cis_on(tx: Tx, ctx: Context, project: str) -> dict[int, AtHome]:
    """The CIs that judged the project's last changes of 28 days, by id."""
    changes = latest_changes(tx, project, ctx.now - _LOOK_BACK, _CHANGES)
    verdicts = [
        one for one in verdicts_on(tx, [one.id for one in changes]) if one.result is not None
    ]
    of = len({one.change_id for one in verdicts})
    judged = Counter(ci for ci, _ in {(one.ci_id, one.change_id) for one in verdicts})
    return {ci: AtHome(count, of) for ci, count in judged.items()}


def reference_on(
    ctx: Context, project: str, home: dict[int, AtHome], names: dict[int, str]
) -> str | None:
    """The reference CI of a project: as configured, else as the monitor guesses it.

    None where there is no second CI to compare.
    """
    configured = ctx.configured_reference(project)
    if configured is not None:
        return configured
    known = {ci: one.judged for ci, one in home.items() if ci in names}
    guessed = guess_reference(known, names)
    return None if guessed is None else names[guessed]
