"""What every question is asked with, and fields that two types share."""

from __future__ import annotations

import ast
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

import cibot
from cibot.config.models import RuleConfig
from cibot.incidents.symptom import Symptom
from cibot.reports.builds import BuildLine
from cibot.reports.change import ChangeReport
from cibot.reports.ci import CiLine
from cibot.reports.failures import Verdict
from cibot.reports.incidents import SymptomView
from cibot.reports.missed import MissedPatchSet
from cibot.reports.period import ProjectRule
from cibot.store.changes import ChangeRow
from cibot.store.cis import HeardReport
from cibot.store.reports import StoredBuild
from cibot.store.rollup import MissedRow

COPIED: list[tuple[type, type, set[str]]] = [
    (BuildLine, HeardReport, {"result"}),  # it is read from the build, as a Result
    (BuildLine, StoredBuild, {"result"}),
    (ChangeReport, ChangeRow, set()),
    (CiLine, CiLine, set()),
    (MissedPatchSet, ChangeRow, set()),
    (MissedPatchSet, MissedRow, set()),
    (ProjectRule, RuleConfig, set()),
    (SymptomView, Symptom, set()),
    (Verdict, HeardReport, {"result"}),
]
"""What `same_fields` fills, and of what; the fields that are given by themselves."""


def _types(hint: Any) -> set[Any]:
    """The types of a union, or the one."""
    return set(get_args(hint)) if get_origin(hint) in {Union, UnionType} else {hint}


def _hints(kind: type) -> dict[str, Any]:
    """The types of its fields and properties."""
    properties = {
        name: get_type_hints(value.fget)["return"]
        for base in reversed(kind.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, property) and base.__module__.startswith("cibot.")
    }
    return properties | get_type_hints(kind)


@pytest.mark.parametrize(("kind", "source", "given"), COPIED)
def test_a_field_that_is_copied_by_its_name_has_the_same_type(kind, source, given):
    to, of = get_type_hints(kind), _hints(source)
    shared = to.keys() & of.keys() - given
    assert shared
    assert [
        (name, of[name], to[name]) for name in sorted(shared) if _types(of[name]) - _types(to[name])
    ] == []


def test_the_table_has_every_type_that_is_filled_so():
    calls = (
        node.args[0].id
        for path in Path(cibot.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "same_fields"
        and isinstance(node.args[0], ast.Name)
    )
    assert set(calls) == {kind.__name__ for kind, _source, _given in COPIED}
