"""What signals saw, in words: for messages and for every face. Pure.

Words are made for a person who reads them, from figures; nothing reads them again. Moments
and the names of jobs stay what they are, for a face to show in its own way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cibot.config.signals import kinds
from cibot.health.chart import Drop
from cibot.health.kind import SignalKind
from cibot.health.seen import (
    BranchBeside,
    EarlierWords,
    Fault,
    FaultShare,
    LastHeard,
    OwnFigures,
    OwnPast,
    PassRate,
    Period,
    Reported,
    Seen,
    Streak,
    Times,
)
from cibot.text import figures
from cibot.text.card import Line, Span, Words, job_span
from cibot.text.figures import number, percent, plural, span

_MANY = {
    Fault.FAILED: "failed",
    Fault.FAILED_ALONE: "failed where the reference passed",
    Fault.PASSED_ALONE: "passed where the reference failed",
    Fault.FLIPPED: "failed, and passed when run again",
    Fault.BROKE: "broke by themselves",
    Fault.SLOW: "were slow",
    Fault.MISSED: "had no report by the deadline",
    Fault.GONE: "came without the job",
    Fault.FAST: "were too fast",
    Fault.LAST_GOOD: "were the last good ones",
}
_ONE = {
    Fault.FAILED_ALONE: "failed, the reference passed",
    Fault.PASSED_ALONE: "passed, the reference failed",
    Fault.BROKE: "broke by itself",
    Fault.SLOW: "slow",
    Fault.MISSED: "no report by the deadline",
    Fault.GONE: "without the job",
    Fault.FAST: "too fast",
    Fault.LAST_GOOD: "the last good one",
}
_NOTHING = {
    Fault.FAILED_ALONE: "nothing that a reference passed",
    Fault.PASSED_ALONE: "nothing that a reference failed",
}
_COUNTED = {Fault.FAILED_ALONE: ("; what fails together counts once",)}
_SHOWN_ONLY = {Fault.FLIPPED: "every CI flips now and then"}
WITHDRAWN = "late comments show that it was not so"
_STALE = ", and our own feed is stale"


def seen_words(seen: Seen | None) -> Words:
    """What a signal saw; empty where nothing is known of it."""
    return () if seen is None else _SEEN[type(seen)](seen)


def threshold_words(seen: Seen | None) -> str:
    """Where the verdict turns; empty where nothing is known of it."""
    return "" if seen is None else _THRESHOLDS[type(seen)](seen)


def fault_words(fault: Fault | None) -> str:
    """What is wrong with one result; empty where that is not known."""
    return "" if fault is None else _ONE.get(fault, _MANY[fault])


def step_words(name: str, seen: Seen | None, by: str | None, note: str | None) -> Words:
    """Why an incident took a step: who did it, or what its symptom saw."""
    if by is not None:
        return (f"{name} by {by}{f': {note}' if note else ''}",)
    return (WITHDRAWN,) if name == "withdrawn" else seen_words(seen)


def plain(words: Words, write: Callable[[datetime], str] = figures.stamp) -> str:
    """Words as text."""
    return "".join(span.text for span in spans(words, write))


def said(seen: Seen | None) -> str:
    """What a signal saw as text, for what knows neither a time zone nor links."""
    return plain(seen_words(seen))


def spans(
    words: Words,
    write: Callable[[datetime], str] = figures.stamp,
    then: datetime | None = None,
) -> Line:
    """Words as a line, moments as ``write`` writes them; the one that was just named is "then"."""
    named = ("then" if word == then else word for word in words)
    parts = (Span(write(word), at=word) if isinstance(word, datetime) else word for word in named)
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def _when(period: Period) -> Words:
    if period.recovered_at is not None:
        return (" since it recovered ", period.recovered_at)
    if period.until is not None:
        return (f" in the {span(period.length)} until ", period.until)
    return (f" in {span(period.length)}",)


def _needed(n: int, least: int, what: str = "") -> tuple[str, ...]:
    return (f"; {number(least)}{what} are needed to judge",) if n < least else ()


def _fault_share(seen: FaultShare) -> Words:
    if not seen.n:
        nothing = _NOTHING.get(seen.fault, "nothing to judge by")
        return (nothing, *_needed(seen.n, seen.least))
    share, run = f"{number(seen.count)} of {number(seen.n)}", seen.run
    if run is not None:
        began = f"{number(run.count)} of {number(run.n)} attempts {_MANY[seen.fault]} since "
        return (began, run.since, f"; {share} last attempts", *_when(seen.period))
    share += f" {_MANY[seen.fault]}"
    return (share, *_when(seen.period), *_COUNTED.get(seen.fault, ()), *_needed(seen.n, seen.least))


def _pass_rate(seen: PassRate) -> Words:
    if not seen.n:
        return (f"no results in {span(seen.period.length)}",)
    return (
        f"{number(seen.passes)} of {number(seen.n)} passed",
        *_when(seen.period),
        *([" where the reference passed"] if seen.beside else []),
        *_needed(seen.n, seen.least),
    )


def drop_words(drop: Drop, where: str = "") -> Words:
    """As "0 of 20 passed since Sat 14:10 UTC, 93 % before"; ``where`` says which counts."""
    passed = f"{number(drop.passes)} of {number(drop.n)} passed since "
    return (passed, drop.since, f"{where}, {percent(drop.usual)} before")


def _own_past(seen: OwnPast) -> Words:
    rate, drop = _pass_rate(seen.rate), seen.drop
    if drop is not None:
        again = f"{number(drop.again)} failures passed when run again; " if drop.flaky else ""
        return (*drop_words(drop), f"; {again}", *rate)
    if seen.back is not None:
        back = f"{number(seen.back.passes)} of {number(seen.back.n)} passed since it recovered "
        return (back, seen.back.since, "; ", *rate)
    if seen.adopted is not None:
        before = "" if seen.before is None else f", {percent(seen.before)} before"
        return (*rate, f"; it has been like that for {span(seen.adopted)}{before}")
    whole = seen.rate.n and seen.rate.period.recovered_at is None
    if whole and seen.usual is not None and seen.usual < seen.rate.degraded:
        return (*rate, f"; {percent(seen.usual)} is usual for it")
    return rate


def _last_heard(seen: LastHeard) -> Words:
    stale = (_STALE,) if seen.stale else ()
    if seen.heard_at is None:
        return ("never heard of", *stale)
    said = f"last heard {span(seen.quiet)} ago"
    if seen.missed:
        said += f"; {plural(seen.missed, 'chance')} to report missed in a row since"
    if seen.takes is None and seen.limit is None:
        said += "; too little is known of its rhythm"
    return (said, *stale)


def _reported(seen: Reported) -> Words:
    stale = (_STALE,) if seen.stale else ()
    if not seen.n:
        return ("no chance to report", *_when(seen.period), *stale)
    before = f", {number(seen.reported_before)} of {number(seen.n_before)} in the weeks before"
    return (
        f"reported on {number(seen.reported)} of {plural(seen.n, 'chance')}",
        *_when(seen.period),
        *([before] if seen.n_before else []),
        *_needed(min(seen.n, seen.n_before), seen.least, " of each"),
        *stale,
    )


def _times(seen: Times) -> Words:
    if seen.median is None or seen.p95 is None:
        return (f"no results in {span(seen.period.length)}",)
    times = f"half within {span(seen.median)} of the upload, 95 % within {span(seen.p95)}"
    return (
        times,
        *_when(seen.period),
        *([f"; {span(seen.usual)} in the weeks before"] if seen.usual is not None else []),
        *_needed(min(seen.n, seen.n_before), seen.least, " results of each"),
    )


def _streak(seen: Streak) -> Words:
    if seen.job is None:
        if not seen.known:
            return ("no voting job has enough results to judge where a reference passed",)
        judged = plural(seen.known, "job")
        return (f"no voting job keeps failing; {judged} with enough results to judge",)
    others = f"; so did {plural(seen.others, 'other job')}" if seen.others else ""
    return (
        job_span(seen.job),
        f" failed {plural(seen.failures, 'change')} in a row that the reference passed;"
        f" {number(seen.failed_before)} of {number(seen.n_before)} failed before, in"
        f" {span(seen.period.length)}{others}",
    )


def _own(seen: OwnFigures) -> tuple[type[SignalKind], Any] | None:
    """The signal with a file of its own, and what it saw; None where either is gone since."""
    kind = kinds().get(seen.signal)
    try:
        return None if kind is None else (kind, kind.seen(**seen.figures))
    except TypeError:  # another version's
        return None


def _own_words(seen: OwnFigures) -> Words:
    own = _own(seen)
    return () if own is None else own[0].words(own[1])


def _own_threshold(seen: OwnFigures) -> str:
    own = _own(seen)
    return "" if own is None else own[0].threshold(own[1])


def _branch(seen: BranchBeside) -> Words:
    if seen.branch is None or seen.since is None:
        judged = plural(seen.known, "branch", "branches")
        return (f"no branch fails alone; {judged} with enough results to judge",)
    usual = [f", {percent(seen.usual)} before"] if seen.usual is not None else []
    there = f"{number(seen.passes)} of {number(seen.n)} passed since "
    elsewhere = f"{number(seen.passes_elsewhere)} of {number(seen.n_elsewhere)}"
    return (
        f"on {figures.cut(seen.branch, 60)} {there}",
        seen.since,
        *usual,
        f"; {elsewhere} on the other branches since then",
    )


def _alone(seen: BranchBeside) -> str:
    if seen.branch is not None:
        return "degraded until it is surely back"
    return (
        "degraded when one surely drops from its own past, or surely fails, and the others are well"
    )


def _limits(seen: FaultShare | PassRate | Reported, side: str, of_usual: str = "") -> str:
    assert seen.degraded is not None
    assert seen.failing is not None
    return (
        f"degraded when surely {side} {percent(seen.degraded)}{of_usual},"
        f" failing {side} {percent(seen.failing)}"
    )


def _fault_limits(seen: FaultShare) -> str:
    if seen.degraded is None:
        return f"shown only: {_SHOWN_ONLY.get(seen.fault, 'it accuses no CI')}"
    if seen.failing is None:
        limit = percent(seen.degraded)
        return f"degraded when surely above {limit}, without a failure for two weeks"
    return _limits(seen, "above")


def _own_past_limit(seen: OwnPast) -> str:
    if seen.drop is not None and seen.usual is not None:
        return f"degraded until it surely passes {percent(seen.usual)} again"
    if seen.usual is None:
        return f"judged when {number(seen.least)} results are known, {number(seen.learnt)} are"
    return (
        f"degraded when it surely drops from its own past, {percent(seen.usual)};"
        " a change that keeps failing counts once"
    )


def _silent_after(seen: LastHeard) -> str:
    if seen.patience is not None and seen.takes is not None:
        after = f"silent after {plural(seen.patience, 'chance')} missed in a row"
        return f"{after}, as it takes {percent(seen.takes)} of them"
    if seen.takes is not None:
        return "it takes so few chances that missing them says nothing"
    if seen.limit is None or seen.longest is None:
        return ""
    return f"silent after {span(seen.limit)}, as its longest quiet was {span(seen.longest)}"


def _slow_from(seen: Times) -> str:
    return f"degraded when p95 is surely above {seen.degraded:g} times its usual"


def _long_from(seen: Streak) -> str:
    if seen.job is None:
        return f"degraded after more in a row than luck explains, at least {seen.limit}"
    return f"{figures.cut(seen.job, 60)}: degraded after {seen.limit} in a row"


_SEEN: dict[type[Any], Callable[[Any], Words]] = {
    FaultShare: _fault_share,
    PassRate: _pass_rate,
    OwnPast: _own_past,
    LastHeard: _last_heard,
    Reported: _reported,
    Times: _times,
    Streak: _streak,
    BranchBeside: _branch,
    OwnFigures: _own_words,
    EarlierWords: lambda seen: (figures.cut(seen.text.rstrip("."), 300),),
}
_THRESHOLDS: dict[type[Any], Callable[[Any], str]] = {
    FaultShare: _fault_limits,
    PassRate: lambda seen: _limits(seen, "below"),
    OwnPast: _own_past_limit,
    LastHeard: _silent_after,
    Reported: lambda seen: _limits(seen, "below", " of what is usual for it"),
    Times: _slow_from,
    Streak: _long_from,
    BranchBeside: _alone,
    OwnFigures: _own_threshold,
    EarlierWords: lambda seen: figures.cut(seen.threshold, 300),
}
