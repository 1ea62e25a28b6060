"""A CI that is judged by its chances to report, tracked through patch set by patch set."""

from __future__ import annotations

from cibot.config.judgement import Policy
from cibot.health.judge import Judge
from tests.unit.health.facts import D, H, T, due, heard

START = T - 20 * D

ALLOWED = 2 * H


class Watched:
    """A CI whose patch sets are due two hours after their upload."""

    def __init__(self, policy=None):
        self.judge = Judge(policy or Policy())
        self.judge.latency.allowed = lambda _at: ALLOWED
        self.number = 0

    def advance(self, flags, start, every=2 * H):
        """A patch set a flag, and whether it was reported on, an hour after its upload."""
        events = []
        for i, flag in enumerate(flags):
            self.number += 1
            at = start + i * every
            events.append(due(self.number, at))
            if flag:
                events.append(heard(at + H, self.number))
        self.take(events)
        return start + len(flags) * every

    def take(self, events):
        for event in sorted(events, key=lambda event: event.at):
            self.until(event.at)
            self.judge.take(event)

    def until(self, at):
        while (alarm := self.judge.next_alarm) is not None and alarm < at:
            self.judge.ring(alarm)
        return self

    def silent(self, at):
        return self.until(at).judge.silence.signal(at)

    def coverage(self, at):
        return self.until(at).judge.coverage.signal(at)


def settled(flags=(True,) * 60, every=2 * H, policy=None):
    """A CI with a past, that was at home from the start; and when that ended."""
    ci = Watched(policy)
    ci.take([heard(START - H, 0)])
    return ci, ci.advance(flags, START, every)
