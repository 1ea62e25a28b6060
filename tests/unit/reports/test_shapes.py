from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cibot.reports.unparsed import shape_of


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (
            "Patch Set 3: Verified-1\n\nLab run 1234 aborted, see https://lab.example/1234",
            "Patch Set 12:\n\nLab run 9 aborted, see http://other.example/x?y=1",
        ),
        ("Merged at 0a1b2c3d4e by Ann Lee", "Merged at ffe81237aa by Bob Stone"),
        ("tempest-full on node-17 gave up", "nova.tox on host_3 gave up"),
        ("Took 3h 20m", "Took 12h 1m"),
        ("run 1, 2, 3 lost", "run 7, 8 lost"),
    ],
)
def test_what_one_template_wrote_has_one_shape(text, other):
    assert shape_of(text) == shape_of(other) != ""


def test_other_words_are_another_shape():
    assert shape_of("Lab run 1 aborted") != shape_of("Lab run 1 queued")


def test_a_shape_reads_like_the_comment():
    said = "Patch Set 1:\n\nLab run 1234 aborted\n\nsee https://lab.example/1 or ci@lab.example"
    assert shape_of(said) == "Lab run 0 aborted / see <url> or <mail>"
    assert shape_of("Patch Set 1: Verified+1") == ""
    assert shape_of("a\x1b[ red\x07") == "a [ red"


@given(st.text(max_size=2000))
def test_any_text_has_a_printable_shape_of_one_line(text):
    shape = shape_of(text)
    assert shape.isprintable()
    assert len(shape) < 700
