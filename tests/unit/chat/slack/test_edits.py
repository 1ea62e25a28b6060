"""An edit that Slack does not take now holds up no other."""

from __future__ import annotations

import threading

from cibot.chat.slack.threads import Edits
from cibot.errors import Transient


def test_an_edit_that_fails_for_now_lets_the_others_through() -> None:
    edits, done = Edits("work"), threading.Event()
    tries: list[bool] = []

    def refused() -> None:
        tries.append(done.is_set())
        raise Transient("a proxy takes that for an attack", retry_after=0.01)

    edits.want(("C1", "1"), refused)
    edits.want(("C2", "2"), done.set)
    edits.start()
    try:
        assert done.wait(5)
        assert tries[0] is False
    finally:
        edits.stop(5)
