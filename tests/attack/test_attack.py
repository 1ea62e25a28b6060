"""Each attack once, small: nothing is lost and nothing grows. Times are not asserted."""

from __future__ import annotations

from pathlib import Path

from tests.attack import gerrit, irc, web
from tests.attack.finding import Attack, Scale

SMALL = Scale(seconds=2, crowd=12, rate=10, whole=False)
TIMED = {"webhook p99", "SIGTERM to the end", "longest wait of an alert"}


def figures(attack: Attack, directory: Path) -> dict[tuple[str, str], str]:
    """What an attack measured, where all that is no time held."""
    findings = list(attack(SMALL, directory))
    assert [
        finding for finding in findings if finding.holds is False and finding.figure not in TIMED
    ] == []
    return {(finding.attack, finding.figure): finding.measured for finding in findings}


def test_strangers_at_the_web_port(tmp_path: Path) -> None:
    measured = figures(web.attacks, tmp_path)
    assert measured["200 slow sockets", "webhooks accepted"].startswith("20 of 20 ")
    assert measured["250 connections", "webhooks accepted"].startswith("80 of 80 ")
    assert "'200'" in measured["100 readers", "strangers saw"]


def test_a_hostile_gerrit(tmp_path: Path) -> None:
    measured = figures(gerrit.attacks, tmp_path)
    assert len(measured) == 9


def test_questions_without_end_on_irc(tmp_path: Path) -> None:
    measured = figures(irc.attacks, tmp_path)
    asked = measured["questions without end", "questions that reached a command"]
    assert 0 < int(asked) < 60
