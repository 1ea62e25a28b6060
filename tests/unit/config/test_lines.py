"""The line finder against what tomllib reads."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cibot.config.lines import line_of

TEXT = r'''# a comment with [brackets] and "quotes
top = 1
[web]  # after
"quoted.key" = """
[not.a.table]
key = 2 \""" """
last = 'it"'
[[gerrit]]
name = "a"
[gerrit.inner]
deep.er = true
[[gerrit]]
accounts = [ # first
  1, "two,]",
  { x = 1, y = [ 2 ] },
]
when = 1979-05-27 07:32:00
[a.b]
c = QQQ
three QQQQQ
d = 1
'''.replace("Q", "'")


def test_tables_lists_and_inline_values() -> None:
    tomllib.loads(TEXT)
    expected = {
        ("top",): 2,
        ("web",): 3,
        ("web", "quoted.key"): 4,
        ("web", "last"): 7,
        ("gerrit", 0): 8,
        ("gerrit", 0, "name"): 9,
        ("gerrit", 0, "inner"): 10,
        ("gerrit", 0, "inner", "deep", "er"): 11,
        ("gerrit", 1): 12,
        ("gerrit", 1, "accounts"): 13,
        ("gerrit", 1, "accounts", 1): 14,
        ("gerrit", 1, "accounts", 2): 15,
        ("gerrit", 1, "accounts", 2, "y", 0): 15,
        ("gerrit", 1, "when"): 17,
        ("a", "b", "c"): 19,
        ("a", "b", "d"): 21,
    }
    assert {path: line_of(TEXT, path) for path in expected} == expected
    assert line_of(TEXT, ("gerrit", 1, "missing")) == 12
    assert line_of(TEXT, ("nothing",)) is None


WORDS = st.text(st.sampled_from("ab.\"'\\#[]{}=,\n é"), max_size=6)
VALUES = st.recursive(
    st.integers() | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def spelt(value: Any, style: int) -> str:
    """A value as TOML, in one of the styles of its strings and lists."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if style == 1 and "'" not in value and "\n" not in value:
            return f"'{value}'"
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        if style == 2:
            return f'"""\n{escaped}"""'
        return '"' + escaped.replace("\n", "\\n") + '"'
    if isinstance(value, list):
        between = ",\n # [ comment\n" if style == 2 else ", "
        return "[" + between.join(spelt(entry, style) for entry in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{spelt(key, 0)} = {spelt(entry, style % 2)}" for key, entry in value.items())
        return "{ " + ", ".join(pairs) + " }"
    return str(value)


def paths(value: Any, here: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    all_paths = {here} if here else set()
    if isinstance(value, dict):
        return all_paths.union(*(paths(entry, (*here, key)) for key, entry in value.items()))
    if isinstance(value, list):
        return all_paths.union(*(paths(entry, (*here, i)) for i, entry in enumerate(value)))
    return all_paths


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "[[t]]", "[[u]]"]), st.dictionaries(WORDS, VALUES, max_size=3)
        ),
        max_size=4,
    ),
    st.integers(0, 2),
)
def test_every_path_that_tomllib_reads_has_its_line(
    tables: list[tuple[str, dict[str, Any]]], style: int
) -> None:
    written = ["", "[first]"]
    for heading, pairs in tables:
        written += [heading] if heading else ["#"]
        if heading:
            written += [f"{spelt(key, 0)} = {spelt(value, style)}" for key, value in pairs.items()]
    text = "\n".join(written)
    read = tomllib.loads(text)
    source = text.split("\n")
    for path in paths(read):
        line = line_of(text, path)
        assert line is not None
        if isinstance(path[-1], str) and path[-1].isalpha() and len(path) > 1:
            assert path[-1] in source[line - 1]
