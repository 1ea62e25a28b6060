"""Answers questions: finds the command, runs it on the database, always has a reply.

The same dispatcher serves IRC, Slack and the console. What a person types is
hostile until `cibot.chat.typed` has read it.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

from cibot.actions.recording import record_refusal
from cibot.actions.roles import ANONYMOUS, TRUSTED, Actor, Refused
from cibot.actions.watching import reach
from cibot.chat.command import Ask, Command
from cibot.chat.commands import COMMANDS
from cibot.chat.guess import Guess, mentioned_change
from cibot.chat.pace import Patience
from cibot.chat.protocol import Link, Question
from cibot.chat.typed import (
    NAME,
    PREFIXES,
    addressed,
    first_of_several,
    split,
)
from cibot.config.models import Config, SummaryConfig
from cibot.errors import CibotError, Transient, UserError
from cibot.reports.context import Context
from cibot.store.engine import Store, Tx
from cibot.store.requests import claim_request
from cibot.text.card import Card, card, line

log = logging.getLogger(__name__)
_OF_A_CI = frozenset(("status", "why", "missed", "recheck"))  # of a change: "change"
_HELPS = frozenset(("--help", "-h", "-?"))
_GLUED = re.compile(r"([A-Za-z]+)[=(:]([^=()]+)\)?")
_LAST = line("I did not understand you for a while, and am silent until I do; help says how.")
_SEVERAL = "I answer one command at a time, and this is the answer to the first."
_NONE_DONE = (
    "One command at a time, please; nothing is done. What is said as a reason goes in quotes."
)
_AWAY = "The database does not answer; try again in a minute."


class Dispatcher:
    """An `Answer`; safe to call from several threads.

    Stops answering a user after too many failed questions in a row, see `Patience`. ``clock`` gives
    the present moment in UTC, ``links`` the state of each network's connection for `feeds`.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        links: Callable[[], Mapping[str, Link]] = dict,
        commands: Mapping[str, Command] = COMMANDS,
        patience: Patience | None = None,
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._links = links
        self._commands = commands
        self._by_word = {
            word: command
            for command in commands.values()
            for word in (*command.aliases, command.name)
        }
        networks = config.networks
        self._names = {NAME, *(name for network in networks for name in network.called)}
        self._prefixes = {*PREFIXES, *(word for network in networks for word in network.prefixes)}
        self._nicks_change = {network.name for network in networks if network.nicks_change}
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._summaries = {
            tuple(summary.channel.casefold().split("/", 1)): summary for summary in config.summary
        }

    def __call__(self, question: Question) -> Card | None:
        """The reply to a question; an error's card where there is nothing better."""
        started = perf_counter()
        if question.keys and not self._is_first(question):
            log.info("a repeated question network=%s", question.where.network)
            return None
        asker, where = question.asker, question.where
        places = (place for place in (where, question.named) if place)
        rooms = [(place.network.casefold(), place.room.casefold()) for place in places]
        summary = next((self._summaries[room] for room in rooms if room in self._summaries), None)
        actor = Actor(where.network, asker.account, asker.nick, where.room)
        asked = self._first(question.text) if question.words is None else None
        words = self._words(question if asked is None else replace(question, text=asked))
        named = self._named(words)[0] if asked is not None and words else None
        if named is not None and named.writes:
            command, reply, sure = named.name, card(_NONE_DONE, error=True), True
        else:
            command, reply, sure = self._run(words, actor, summary)
            if asked is not None:
                reply = replace(reply, lines=(*reply.lines, line(_SEVERAL)))
        if actor.account and actor.network in self._nicks_change:
            self._reach(actor)
        log.info(
            "question answered command=%s network=%s private=%s error=%s ms=%.0f",
            command,
            question.where.network,
            question.private,
            reply.error,
            (perf_counter() - started) * 1000,
        )
        if actor.network in TRUSTED:
            return reply
        return self._bearable(actor, reply, understood=sure and not reply.error)

    def _words(self, question: Question) -> tuple[str, ...]:
        """The words of the question, also where it calls the bot by another network's prefix."""
        if question.words is not None:
            return question.words
        words = split(self._addressed(question.text))
        quoted = words[0].split() if len(words) == 1 else []
        return tuple(quoted) if quoted and quoted[0].casefold() in self._by_word else words

    def _addressed(self, text: str) -> str:
        return addressed(text, names=self._names, prefixes=self._prefixes, private=True) or ""

    def _first(self, text: str) -> str | None:
        """The first of several commands typed at once, or None where it is one."""

        def is_question(part: str) -> bool:
            words = split(self._addressed(part))
            return bool(words) and self._named(words)[0] is not None

        words = split(self._addressed(text))
        first = self._named(words)[0] if words else None
        joined = first is not None and not first.writes  # whose reason or note may hold an "and"
        return first_of_several(text, is_question, words=joined)

    def _is_first(self, question: Question) -> bool:
        """Whether no other process took the question before."""
        claim = uuid.uuid4().hex
        try:
            return self._store.write(
                lambda tx: claim_request(tx, question.keys, claim, self._clock())
            )
        except CibotError as error:  # which the answer will say
            log.warning("a question may be a repeat cause=%s", error)
            return True

    def _bearable(self, actor: Actor, reply: Card, *, understood: bool) -> Card | None:
        """The reply, or None for a user who sends nothing that is understood."""
        who = f"{actor.network}/{actor.account or actor.nick}"
        with self._lock:
            if understood:
                self._patience.understood(who)
                return reply
            bears = self._patience.bears(who, self._clock().timestamp())
        if bears is None:
            return replace(reply, lines=(*reply.lines, _LAST))
        return reply if bears else None

    def run(
        self,
        words: tuple[str, ...],
        actor: Actor = ANONYMOUS,
        summary: SummaryConfig | None = None,
    ) -> tuple[str, Card]:
        """The command that was meant and its reply; never raises CibotError."""
        meant, reply, _sure = self._run(words, actor, summary)
        return meant, reply

    def _run(
        self, words: tuple[str, ...], actor: Actor, summary: SummaryConfig | None
    ) -> tuple[str, Card, bool]:
        """As `run`, and whether more of the question was understood than a name in it."""
        ctx = Context(self._clock(), self._config, summary.time_zone if summary else UTC)
        words = words or ("help",)
        named, behind = self._named(words)
        meant, sure = named.name if named else "?", True

        def work(tx: Tx) -> Card:
            nonlocal meant, sure
            if named is None:
                guess = Guess(tx, ctx, self._by_word, words)
                name, rest = guess.meant()
                sure = guess.sure
            else:
                name, rest = named.name, behind
            if name in _OF_A_CI and (change := mentioned_change(rest)) is not None:
                name, rest = "change", (change,)
            command = self._commands[name]
            if rest[-1:] and rest[-1].casefold() in _HELPS and command.name != "help":
                command, rest = self._commands["help"], (command.name,)
            meant = command.name
            ask = Ask(tx, ctx, rest, self._commands, self._links, actor, summary)
            return command.answer(ask)

        try:
            reply = (self._store.write if named and named.writes else self._store.read)(work)
        except Refused as error:
            record_refusal(self._store, actor, meant, " ".join(behind), error, self._clock())
            return meant, card(str(error), error=True), sure
        except UserError as error:
            return meant, card(str(error), error=True), sure
        except Transient as error:
            log.warning("question failed command=%s cause=%s", meant, error)
            return meant, card(_AWAY, error=True), sure
        except CibotError as error:
            log.error("question failed command=%s cause=%s", meant, error)  # noqa: TRY400
            return meant, card("That did not work; the log says why.", error=True), sure
        return meant, reply, sure

    def _named(self, words: tuple[str, ...]) -> tuple[Command | None, tuple[str, ...]]:
        """The command that the first word names, if any, and the words behind it.

        Some write "/status" and "--help", "status=netapp" and "status(netapp)".
        """
        head, rest = words[0], words[1:]
        glued = None if rest else _GLUED.fullmatch(head)
        if glued and glued[1].casefold() in self._by_word:
            head, rest = glued[1], (glued[2],)
        return self._by_word.get(head.casefold().lstrip("/-")), rest

    def _reach(self, actor: Actor) -> None:
        """Remembers the asker's present nick, at which their watches reach them."""
        try:
            reach(self._store, self._config, actor)
        except CibotError as error:
            log.warning("watcher's nick not kept cause=%s", error)
