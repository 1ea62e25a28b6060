"""Chat commands and their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cibot.actions.roles import ANONYMOUS, Actor
from cibot.chat.protocol import Link
from cibot.chat.typed import about
from cibot.config.models import SummaryConfig
from cibot.reports.ci import find_ci
from cibot.reports.context import Context
from cibot.store.engine import Tx
from cibot.text.card import Card


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of a command: the words after its name, and the data to answer from.

    ``actor`` is the person who asks; only commands that change something need it. ``summary`` is
    the configuration of the channel's daily summary, where it gets one.
    """

    tx: Tx
    ctx: Context
    words: tuple[str, ...]
    commands: Mapping[str, Command]
    links: Callable[[], Mapping[str, Link]]
    actor: Actor = ANONYMOUS
    summary: SummaryConfig | None = None

    @property
    def text(self) -> str:
        """The words as one."""
        return " ".join(self.words)

    def ci_name(self, words: tuple[str, ...] | None = None) -> str:
        """The full name of the CI that the words mean; "is netapp ok" means netapp.

        Raises UserError, asking back, when none is meant or several are.
        """
        given = self.words if words is None else words
        return about(given, lambda name: find_ci(self.tx, name).name)


@dataclass(frozen=True, slots=True)
class Command:
    """A command: ``usage`` is its name with its arguments, ``does`` says in a line what it answers.

    ``example`` is a call that works on any history with a CI "netapp"; it runs
    as a test, after the questions ``before`` it. ``more`` is what `help NAME` adds.
    One that ``writes`` gets a transaction that commits, and is never guessed at.
    """

    usage: str
    does: str
    example: str
    answer: Callable[[Ask], Card]
    aliases: tuple[str, ...] = ()
    more: str = ""
    writes: bool = False
    before: tuple[str, ...] = ()
    name: str = field(init=False)  # the first word of its usage

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.usage.partition(" ")[0])
