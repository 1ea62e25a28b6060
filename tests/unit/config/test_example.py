"""config/cibot.example.toml loads as it is and leaves no key out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

from pydantic import BaseModel

from cibot.config.keys import model_in, sections
from cibot.config.load import read
from cibot.config.models import Config

EXAMPLE = Path(__file__).parents[3] / "config" / "cibot.example.toml"


def explained() -> Iterator[tuple[str, type[BaseModel], bool]]:
    """The sections; an override's repeat those of [judgement], which are explained there."""
    return (section for section in sections() if not section[0].startswith("judgement.override."))


def uncommented() -> dict[str, str]:
    """Each section's lines, with the keys that stand in comments."""
    by_section = {"": ""}
    section = ""
    for line in EXAMPLE.read_text().splitlines():
        heading = re.match(r"(?:# )?\[+([a-z._]+)\]+", line)
        section = heading[1] if heading else section
        by_section[section] = by_section.get(section, "") + line.removeprefix("# ") + "\n"
    return by_section


def test_the_example_loads() -> None:
    config = read(EXAMPLE, {}).config
    assert config.gerrit[0].password is not None
    assert config.summary[0].channel == "libera/#example-ci"


def test_every_key_of_every_section_is_in_the_example() -> None:
    text = uncommented()
    top = [name for name, field in Config.model_fields.items() if field.annotation is bool]
    missing = [name for name in top if not re.search(rf"^{name} = ", text[""], re.MULTILINE)]
    for section, model, _ in explained():
        missing += [
            f"{section}.{key}"
            for key, field in model.model_fields.items()
            if not model_in(field.annotation)
            and not re.search(rf"^{key} = ", text.get(section, ""), re.MULTILINE)
        ]
    assert missing == []


def test_what_the_example_calls_the_default_is_the_default() -> None:
    written, by_section = tomllib.loads(EXAMPLE.read_text()), uncommented()
    for section, model, many in explained():
        lines = [line for line in by_section[section].splitlines() if "# default" in line]
        entry = reduce(lambda table, name: table[name], section.split("."), written)
        entry = entry[0] if many else entry
        for key, value in entry.items():
            line = next((line for line in lines if line.startswith(f"{key} = ")), "")
            if re.search(r"# default($|;(?!.*: all))", line) and key in model.model_fields:
                default = model.model_fields[key].default
                given = model.model_validate({**_needed(model, entry), key: value})
                assert getattr(given, key) == default, f"{section}.{key}"


def _needed(model: type, entry: dict[str, object]) -> dict[str, object]:
    fields = model.model_fields  # type: ignore[attr-defined]
    return {key: value for key, value in entry.items() if fields[key].is_required()}
