"""What people heard of incidents in a room, read off the lines and messages that stood there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cibot.outbox.sender import REPEAT
from tests.support.irc_user import IrcLine

_STEP = re.compile(r"(third-\d+) (is failing|is degraded|got worse|recovered)")
_ELSEWHERE, _LATE = "I could not say this in", "While I could not speak here"


@dataclass
class Heard:
    """Counts of one room; each key of ``alerts`` is (CI, "opened" or "recovered")."""

    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeats: Counter[tuple[str, str]] = field(default_factory=Counter)  # marked as such
    digest: Counter[str] = field(default_factory=Counter)  # CIs that a digest of late ones names
    elsewhere: int = 0  # notes that something could not be said in another room

    def take(self, text: str, *, late: bool) -> None:
        """A headline that names a CI."""
        for ci, verb in _STEP.findall(text):
            step = (ci, "recovered" if verb == "recovered" else "opened")
            if late:
                self.digest[ci] += 1
            elif REPEAT in text:
                self.repeats[step] += 1
            else:
                self.alerts[step] += 1


def from_irc(lines: Iterable[IrcLine], nick: str, room: str) -> Heard:
    """Of a room on IRC: each line of a message came by itself.

    A note that something could not be said quotes it whole, from its next line on.
    """
    heard, note, quoted, late = Heard(), False, False, False
    for line in lines:
        said = line.command == "PRIVMSG" and line.params[0].lower() == room
        if not said or not line.nick.startswith(nick):
            continue
        if _ELSEWHERE in line.text:
            heard.elsewhere, note = heard.elsewhere + 1, True
            continue
        if _LATE in line.text:
            late, quoted = True, note
        elif _STEP.search(line.text):
            if not (late and " UTC: " in line.text):
                late, quoted = False, note
            if not quoted:
                heard.take(line.text, late=late)
        note = False
    return heard


def from_slack(texts: Iterable[str]) -> Heard:
    """Of a channel in Slack, from the texts as they were posted."""
    heard = Heard()
    for text in texts:
        if _ELSEWHERE in text:
            heard.elsewhere += 1
        else:
            heard.take(text, late=_LATE in text)
    return heard


def unequal(wanted: Iterable[str], heard: Heard, open_ones: Iterable[str] = ()) -> list[str]:
    """Where what was heard is not what happened.

    Each of the incidents ``wanted`` (by CI) was told of when it opened and when it ended, or a
    digest named it when it was over; the ``open_ones`` have no end yet. A repeat says so.
    """
    wrong = []
    still = set(open_ones)
    named = set(wanted)
    for ci in named:
        counts = tuple(heard.alerts[ci, step] or bool(heard.repeats[ci, step])
                     for step in ("opened", "recovered"))  # fmt: skip
        allowed = {(1, 0, 0)} if ci in still else {(1, 1, 0), (0, 0, 1)}
        if (*counts, heard.digest[ci]) not in allowed:
            wrong.append(f"{ci}: opened, recovered, in a digest: {(*counts, heard.digest[ci])}")
    strange = {ci for ci, _step in heard.alerts} | set(heard.digest)
    return wrong + [f"{ci} was told of, and nothing happened to it" for ci in strange - named]
