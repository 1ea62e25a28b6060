"""Makes what happens to a CI, for the tests of judging."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cibot.config.judgement import Policy
from cibot.health.change_history import follow
from cibot.health.facts import Attempt, ChangeFacts, JobRun, Proof, RefVerdict
from cibot.health.inputs import Counted, Due, Heard, Input, Took
from cibot.incidents.tracker import Tracker
from cibot.model import Result

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
T, H, D = NOW.timestamp(), 3600.0, 86_400.0  # the same in seconds

LETTERS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INFRA, "S": Result.SKIPPED}


def change(
    own: Iterable[tuple[Any, ...]] = (),
    reference: Iterable[tuple[float, int, str]] = (),
    uploads: Iterable[float] = (0,),
    number: int = 1,
    start: float = T,
    **fields: Any,
) -> ChangeFacts:
    """One change; all times are hours after ``start``.

    ``own`` are (hours, patch set, letter[, pipeline]) with P, F, I, S or a dot, a start
    notice; ``reference`` (hours, patch set, P or F); ``uploads`` those of 1, 2, …
    """
    made = ChangeFacts(number, number, "nova", **{"branch": "master"} | fields)
    made.uploads = {place: start + at * H for place, at in enumerate(uploads, 1)}
    for position, (at, patch_set, letter, *pipeline) in enumerate(own):
        outcome = LETTERS.get(letter)
        made.own.append(
            Attempt(
                start + at * H,
                position,
                patch_set,
                pipeline[0] if pipeline else "check",
                outcome,
                final=outcome is not None,
            )
        )
    made.reference = [
        RefVerdict(start + at * H, position, patch_set, LETTERS[letter])
        for position, (at, patch_set, letter) in enumerate(reference)
    ]
    return made


def changes(
    letters: str,
    until: float = T,
    every: float = H,
    reference: str | None = "P",
    job: str | None = None,
    first: int = 1000,
) -> list[ChangeFacts]:
    """One change a letter, evenly spaced, the last result at ``until``.

    Each was uploaded an hour before and judged by the reference half an hour before.
    """
    last = len(letters) - 1
    made = []
    for i, letter in enumerate(letters):
        at = until - (last - i) * every
        theirs = [(-0.5, 1, reference)] if reference else []
        facts = change([(0, 1, letter)], theirs, (-1,), first + i, at)
        if reference is None:
            facts.referenced = lambda _at: False
        if job:
            facts.own[0].runs = (JobRun(job, LETTERS[letter], f"https://logs.example/{i}"),)
        made.append(facts)
    return made


def inputs(made: Iterable[ChangeFacts]) -> list[Input]:
    """What the changes make, in order of time."""
    events = [event for facts in made for event in follow(facts)]
    return sorted(events, key=lambda event: event.at)  # by change where times are the same


def tracked(made: Iterable[ChangeFacts], until: float = T, policy: Policy | None = None) -> Tracker:
    """The tracker of a CI that these changes happened to."""
    tracker = Tracker(policy or Policy())
    tracker.advance([event for event in inputs(made) if event.at <= until], until)
    return tracker


def of_kind(kind: type, facts: ChangeFacts) -> list[Any]:
    """The inputs of a kind that a change makes."""
    return [event for event in follow(facts) if isinstance(event, kind)]


def windows(facts: ChangeFacts) -> dict[str, tuple[int, int]]:
    """(all, bad) of a change in each window, when all was said."""
    n: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for event in of_kind(Counted, facts):
        n[event.window] += event.sign
        bad[event.window] += event.sign * event.bad
    return {name: (count, bad[name]) for name, count in n.items() if count}


def proof(number: int, at: float, **fields: Any) -> Proof:
    """A result as evidence."""
    return Proof(at, number, number, 1, "check", **fields)


def counted(
    letters: str, window: str, until: float = T, every: float = H, first: int = 1
) -> list[Counted]:
    """A result of a window a letter, P good and all others bad, the last one at ``until``."""
    last = len(letters) - 1
    times = [until - (last - i) * every for i in range(len(letters))]
    return [
        Counted(at, window, letter != "P", 1, proof(first + i, at))
        for i, (letter, at) in enumerate(zip(letters, times, strict=True))
    ]


def took(hours: Sequence[float], until: float = T, every: float = 4 * H) -> list[Took]:
    """How long verdicts took, evenly spaced, the last one at ``until``."""
    last = len(hours) - 1
    times = [until - (last - i) * every for i in range(len(hours))]
    return [
        Took(at, length, proof(i, at))
        for i, (length, at) in enumerate(zip(hours, times, strict=True))
    ]


def heard(at: float, number: int = 1, *, reports: bool = True, branch: str = "master") -> Heard:
    """The CI wrote on a patch set."""
    return Heard(at, number, 1, "nova", branch, reports)


def due(number: int, uploaded_at: float, at: float | None = None, branch: str = "master") -> Due:
    """A patch set that it should report on."""
    judged_at = uploaded_at + H / 2 if at is None else at
    return Due(judged_at, uploaded_at, "nova", branch, proof(number, judged_at), None)
