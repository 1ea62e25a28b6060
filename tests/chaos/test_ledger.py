"""The ledger sees each kind of harm."""

import pytest

from tests.chaos.ledger import Heard, Ledger, compare, table


@pytest.mark.parametrize(
    ("heard", "ledger"),
    [
        ("a b c", Ledger(3)),
        ("a c", Ledger(3, lost=1)),
        ("a b b c", Ledger(3, unmarked=1)),
        ("a b b? b? c", Ledger(3, marked=2)),
        ("a b? c", Ledger(3, needless=1)),
        ("a b? b c", Ledger(3, unmarked=1)),
        ("b a c", Ledger(3, disordered=1)),
        ("a b a? c", Ledger(3, marked=1)),
        ("a b c x", Ledger(3, strange=["x"])),
        ("", Ledger(3, lost=3)),
    ],
)
def test_each_harm_is_counted(heard: str, ledger: Ledger) -> None:
    arrived = [Heard(word.rstrip("?"), word.endswith("?")) for word in heard.split()]
    assert compare(["a", "b", "c"], arrived) == ledger


@pytest.mark.parametrize(("heard", "disordered"), [("A B a b", 0), ("A b B a", 1), ("B A a b", 1)])
def test_each_writer_keeps_its_order(heard: str, disordered: int) -> None:
    arrived = [Heard(word, False) for word in heard.split()]
    assert compare(["a", "A", "b", "B"], arrived, str.isupper).disordered == disordered


def test_ledgers_add_up_and_show() -> None:
    both = Ledger(3, lost=1, strange=["x"]) + Ledger(2, marked=1)
    assert both == Ledger(5, lost=1, marked=1, strange=["x"])
    assert table({"slack": both}).splitlines()[1].split() == ["slack", *"5101001"]
