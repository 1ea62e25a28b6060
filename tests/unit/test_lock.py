"""The lock files pin what pyproject.toml asks for. Where one of these fails: `make lock`."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD = PROJECT["build-system"]["requires"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "requirements.lock": [*PROJECT["project"]["dependencies"], *EXTRAS["charts"], *BUILD],
    "requirements-dev.lock": [
        *PROJECT["project"]["dependencies"], *EXTRAS["charts"], *EXTRAS["dev"], *BUILD,
    ],
}  # fmt: skip
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, list[tuple[str, bool]]]:
    """By library: the versions that a lock file pins, and whether this Python takes them."""
    pinned: dict[str, list[tuple[str, bool]]] = {}
    for line in text(name).splitlines():
        if line and line[0] not in " #":
            pin = Requirement(line.removesuffix("\\"))
            (specifier,) = pin.specifier
            assert specifier.operator == "==", line
            here = pin.marker is None or pin.marker.evaluate()
            versions = pinned.setdefault(canonicalize_name(pin.name), [])
            versions.append((specifier.version, here))
    return pinned


@pytest.mark.parametrize("name", ASKED)
def test_what_pyproject_asks_for_is_pinned(name: str) -> None:
    pinned = pins(name)
    for wanted in map(Requirement, ASKED[name]):
        versions = pinned.get(canonicalize_name(wanted.name), [])
        assert versions, f"{wanted} is not in {name}: run `make lock`"
        assert all(version in wanted.specifier for version, _here in versions), (
            f"{wanted} is pinned as {versions} in {name}: run `make lock`"
        )


@pytest.mark.parametrize("name", ASKED)
def test_what_the_libraries_ask_for_is_pinned_and_nothing_else(name: str) -> None:
    pinned = {
        library: version
        for library, versions in pins(name).items()
        for version, here in versions
        if here
    }
    waiting = [Requirement(line) for line in ASKED[name]]
    reached: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        library = canonicalize_name(wanted.name)
        assert library in pinned, f"{wanted} is not in {name}: run `make lock`"
        assert pinned[library] in wanted.specifier, f"{wanted} is not what {name} pins"
        for extra in {"", *wanted.extras} - {e for other, e in reached if other == library}:
            reached.add((library, extra))
            try:
                more = requires(library) or []
            except PackageNotFoundError:
                pytest.fail(f"{library} is not installed: run `make setup`")
            waiting += [
                requirement
                for requirement in map(Requirement, more)
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
            ]
    assert set(pinned) - {library for library, _extra in reached} == set()


@pytest.mark.parametrize("name", ASKED)
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    entries = re.split(r"^(?=[a-z0-9])", text(name), flags=re.MULTILINE | re.IGNORECASE)[1:]
    assert len(entries) == sum(len(versions) for versions in pins(name).values())
    assert [entry.splitlines()[0] for entry in entries if not HASH.search(entry)] == []
    assert re.findall(r"(?m)://|^-|--(?!hash=sha256)[a-z-]+", text(name)) == []


def test_developers_run_what_users_run() -> None:
    developers = pins("requirements-dev.lock")
    assert {k: developers.get(k) for k in pins("requirements.lock")} == pins("requirements.lock")


def test_what_building_needs_is_locked() -> None:
    assert PROJECT["dependency-groups"]["build"] == BUILD
