"""The bench of the house runs, and what it promises of names holds."""

import sys
import threading

from bench.house import figures


def test_the_figures_are_counted_and_no_class_name_stands_twice() -> None:
    by_name = {figure.name: figure for figure in figures()}
    assert by_name["class names that stand twice"].meets
    entered = [figure for name, figure in by_name.items() if name.endswith("functions entered")]
    assert len(entered) == 2
    for figure in entered:
        files, functions = (int(number) for number in figure.value.split(", "))
        assert 10 < files < functions
    # Else each call of the tests that follow would be watched, too.
    assert (sys.getprofile(), threading.getprofile()) == (None, None)
