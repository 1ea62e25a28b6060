"""All signals of one CI together: what they make of it, and its state as plain values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cibot.config.judgement import Policy
from cibot.config.signals import signals
from cibot.health.facts import moment
from cibot.health.judge import Judge, overall
from cibot.health.seen import OwnPast, Streak
from cibot.health.signal import Signal, read_signals, signals_json
from cibot.incidents.signal_words import said
from cibot.model import State
from tests.unit.health.facts import D, H, T, change, changes, inputs, tracked

NAMES = [
    "success",
    "level",
    "silent",
    "infra",
    "disagreement",
    "job",
    "coverage",
    "latency",
    "branch",
    "passes_everything",
    "missing_job",
    "too_fast",
    "silent_branch",
    "branch_coverage",
    "flips",
]


def health(made, until=T, *, fresh=True):
    return tracked(made, until).judge.health(until, fresh)


def test_a_good_ci_is_healthy():
    judged = health(changes("P" * 40))
    assert (judged.state, judged.since) == (State.HEALTHY, None)
    assert [signal.name for signal in judged.signals] == NAMES


def test_it_is_healthy_by_its_level_before_the_chart_knows_it():
    judged = health(changes("P" * 40))
    assert judged.signal("success").verdict is State.UNKNOWN
    assert judged.signal("level").verdict is State.HEALTHY


def test_silent_outranks_failing():
    failed = changes("F" * 40, until=T - 40 * H)
    missed = [change([], [(0.5, 1, "P")], (0,), 9000 + i, T - (39 - i) * H) for i in range(30)]
    judged = health(failed + missed)
    assert judged.state is State.SILENT
    assert judged.signal("level").verdict is State.FAILING
    assert judged.since.timestamp() == T - 40 * H
    assert judged.signal("nothing") is None


def test_alive_but_never_judged_is_unknown():
    assert health(changes("PP")).state is State.UNKNOWN


def test_a_stale_feed_acquits_nobody_and_calls_nobody_healthy():
    good = health(changes("P" * 40), fresh=False)
    assert good.state is State.UNKNOWN
    assert said(good.signal("silent").seen).endswith("our own feed is stale")
    assert health(changes("F" * 40), fresh=False).state is State.FAILING


def test_nothing_at_all_is_unknown():
    assert health([]).state is State.UNKNOWN


def test_failures_where_the_reference_failed_accuse_nobody():
    judged = health(changes("F" * 200, reference="F"))
    assert judged.state is State.UNKNOWN
    assert (judged.signal("level").n, judged.signal("disagreement").n) == (0, 0)


def test_infrastructure_failures_are_another_signal():
    judged = health(changes("PPI" * 20 + "S" * 9))
    assert (judged.signal("level").figure, judged.signal("level").n) == (1.0, 40)
    assert (judged.signal("infra").verdict, judged.signal("infra").n) == (State.FAILING, 60)


def test_what_is_shown_only_makes_no_state():
    shown = Signal("passes_everything", State.FAILING, counts=False)
    well = [Signal(name, State.HEALTHY) for name in ("success", "silent")]
    assert overall([*well, shown, Signal("infra", State.UNKNOWN)]) is State.HEALTHY
    passed = health(changes("P" * 40, reference="F"))
    signal = passed.signal("passes_everything")
    assert said(signal.seen) == "40 of 40 passed where the reference failed in 28 days"
    assert signal.verdict is State.HEALTHY  # it has been so for two days
    assert passed.state is State.UNKNOWN


def test_after_a_recovery_disagreement_counts_anew():
    judged = health(changes("P" * 400 + "F" * 60 + "P" * 6))
    assert judged.signal("success").verdict is State.HEALTHY
    assert (judged.signal("disagreement").n, judged.signal("disagreement").figure) == (6, 0.0)


_SIGNALS = st.lists(
    st.builds(Signal, st.sampled_from(["success", "silent", "infra"]), st.sampled_from(State)),
    max_size=5,
)


@given(_SIGNALS)
def test_the_worst_signal_rules(signals):
    state = overall(signals)
    bad = [signal.verdict.rank for signal in signals if signal.verdict.rank < State.UNKNOWN.rank]
    assert state.rank == min(bad) if bad else state in (State.UNKNOWN, State.HEALTHY)
    assert overall(reversed(signals)) is state


@pytest.mark.no_cover  # tracing would triple its time; shorter tests cover each line
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("PFI"), st.integers(1, 40)), max_size=8),
    st.sampled_from(["P", "F", None]),
    st.data(),
)
def test_every_signal_survives_the_store_at_any_moment(runs, reference, data):
    letters = "P" * 30 + "".join(letter * n for letter, n in runs)
    fed = inputs(changes(letters, reference=reference, job="tempest"))
    cut = data.draw(st.integers(0, len(fed)))
    whole, half = Judge(Policy()), Judge(Policy())
    for event in fed[:cut]:
        whole.take(event)
        half.take(event)
    again = Judge(Policy())
    again.read(json.loads(json.dumps(half.row())))
    for event in fed[cut:]:
        assert {g.name for g in whole.take(event)} == {g.name for g in again.take(event)}
    assert again.row() == whole.row()
    assert again.health(T, True) == whole.health(T, True)


def test_what_was_not_stored_by_it_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        Judge(Policy()).read(Judge(Policy()).row()[:-1])


def test_a_signal_survives_the_store():
    for made in (changes("F" * 30), []):
        signals = health(made).signals
        assert read_signals(signals_json(signals)) == signals


@pytest.mark.parametrize(
    "made",
    [
        changes("P" * 30 + "F" * 9 + "P" * 10, every=12 * H),
        changes("F" * 12, every=2 * D),
        changes("I" * 20 + "P" * 400 + "I" * 40),
        changes("PF" * 200 + "P" * 20, every=3 * H),
        changes("FP" * 40, every=8 * H, reference=None),
    ],
)
def test_evidence_lies_within_what_was_looked_at(made):
    shown = 0
    for now in (T, T + 3 * D, T + 9 * D, T + 20 * D):
        for signal in health(made, now).signals:
            rate = signal.seen.rate if isinstance(signal.seen, OwnPast) else signal.seen
            period = getattr(rate, "period", None)
            if period is None or isinstance(rate, Streak) or getattr(signal.seen, "drop", None):
                continue
            began = period.recovered_at or moment(now) - period.length
            assert all(began <= run.at <= moment(now) for run in signal.evidence), signal
            assert len(signal.evidence) <= rate.n
            shown += len(signal.evidence)
    assert shown


def test_reading_changes_nothing():
    fed = inputs(changes("P" * 200 + "F" * 9 + "P" * 9, job="tempest"))
    read, unread = Judge(Policy()), Judge(Policy())
    for event in fed:
        for gauge in read.take(event):
            gauge.standing(event.at, True)
            gauge.signal(event.at)
        read.health(event.at, True)
        unread.take(event)
    assert read.health(T, True) == unread.health(T, True)


def test_the_table_of_signals_names_those_that_judge_a_ci() -> None:
    judge = Judge(Policy())
    gauges = [type(gauge) for gauge in (*judge.accusing, *judge.shown)]
    assert sorted(gauge.name for gauge in gauges) == sorted(signals())
    assert {*gauges} == {*signals().values()}
    assert all(gauge.about for gauge in gauges)
    sections = {gauge.name if gauge.section is None else gauge.section for gauge in gauges}
    assert sections - {""} <= Policy.model_fields.keys()
