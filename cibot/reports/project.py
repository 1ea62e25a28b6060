"""Which project is meant."""

from __future__ import annotations

from cibot.reports.names import resolve
from cibot.store.changes import project_names
from cibot.store.engine import Tx


def find_project(tx: Tx, wanted: str) -> str:
    """The project that is meant: "cinder" for "openstack/cinder" where nothing else fits.

    Raises UserError, asking back, when several fit or none does.
    """
    names = project_names(tx)
    tails = [name for name in names if name.casefold().endswith(f"/{wanted.casefold()}")]
    if len(tails) == 1 and wanted not in names:
        return tails[0]
    return resolve(wanted, names, "project")
