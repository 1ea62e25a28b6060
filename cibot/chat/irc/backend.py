"""The IRC backend: one network, one reactor thread, a few threads that answer."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from cibot.chat.findings import Finding, right, wrong
from cibot.chat.irc.connection import GuardedConnection, WakingReactor, dial, guarded
from cibot.chat.irc.receipts import Delivery
from cibot.chat.irc.rooms import Rooms
from cibot.chat.irc.session import IrcTiming, Session
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.wire import IrcLine, write_line
from cibot.chat.pace import BROKEN, QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE, Backoff, PersonLimit
from cibot.chat.protocol import STANDBY, Answer, Leads, Link, Question, always
from cibot.errors import ConfigError, Permanent, Transient
from cibot.text.card import Card, card

log = logging.getLogger(__name__)

_ROOM = re.compile(r"[#&+!][^\s,\x00-\x1f]{1,199}|[^\s,:@!#&+\x00-\x1f][^\s,@!\x00-\x1f]{0,63}")
_BUSY = card("I have too much to do just now; please ask again in a minute", error=True)
_MOST_UNANSWERED = 32
_ANSWERERS = 4
_PEOPLE_OF_A_HOST = 3  # without accounts: changing the nick or ident does not make a new person


class IrcBackend:
    """Implements `cibot.chat.protocol.Backend` for one ``[[irc]]`` network.

    ``limit`` bounds how often one person may ask: six times at once, then
    every five seconds. A person is an account; without one user@host, and then
    all of a host together may ask three times as often.
    """

    def __init__(
        self,
        config: IrcConfig,
        *,
        timing: IrcTiming | None = None,
        limit: PersonLimit | None = None,
    ) -> None:
        self.network = config.name
        self._config = config
        self._timing = timing or IrcTiming()
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = threading.Event()
        self._link = Link(False, None, "not started")
        self._unanswered = 0
        self._session: Session | None = None
        self._reactor: WakingReactor | None = None
        self._thread: threading.Thread | None = None
        self._answerers: ThreadPoolExecutor | None = None
        self._limit = limit or PersonLimit(QUESTIONS_A_SECOND, QUESTIONS_AT_ONCE)
        self._hosts = self._limit.of_several(_PEOPLE_OF_A_HOST)
        self._rooms = Rooms(
            config.channels, lambda: Backoff(self._timing.rejoin, self._timing.rejoin_most)
        )

    def start(self, answer: Answer, leads: Leads = always) -> None:
        """Connects in the background; raises ConfigError for an unusable certificate file."""
        tls = _tls(self._config) if self._config.tls else None
        self._answer, self._leads = answer, leads
        self._reactor = WakingReactor()
        self._answerers = ThreadPoolExecutor(_ANSWERERS, f"irc-{self.network}-answer")
        self._thread = threading.Thread(
            target=self._run, args=(self._reactor, tls), name=f"irc-{self.network}", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Says QUIT and ends the threads, in ``timeout`` seconds at the most."""
        self._stopping.set()
        if self._reactor is None or self._thread is None or self._answerers is None:
            return
        self._reactor.wake()
        self._answerers.shutdown(wait=False, cancel_futures=True)
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("irc %s: the thread did not end in %.1f s", self.network, timeout)

    def send(self, room: str, card: Card, *, key: str) -> str:
        """See `Backend.send`. ``room`` is a channel or a nick."""
        if not _ROOM.fullmatch(room):
            raise Permanent(f"{room!r} is neither an IRC channel nor a nick")
        link = self._link
        if not link.up:
            raise Transient(f"{self.network}: not connected ({link.detail})")
        delivery = Delivery(room, card)
        self._post(lambda: self._deliver(delivery))
        try:
            return delivery.done.result(self._timing.send)
        except TimeoutError:
            self._post(lambda: self._session.forget(delivery) if self._session else None)
            delivery.give_up(f"{self.network}: {room} was not confirmed in time (key {key})")
            return delivery.done.result()

    def find(self, room: str, key: str) -> str | None:
        """IRC keeps no history that the bot could ask."""
        raise LookupError(f"{self.network}: IRC cannot tell whether {key} reached {room}")

    def link(self) -> Link:
        """How the connection is now; names the channels that refuse the bot."""
        return self._link

    # -- the reactor thread

    def _run(self, reactor: WakingReactor, tls: ssl.SSLContext | None) -> None:
        backoff = Backoff(self._timing.reconnect, self._timing.reconnect_most)
        try:
            while not self._stopping.is_set():
                if not self._leads():
                    self._set_link(False, STANDBY)
                    self._pause(reactor, self._timing.tick)
                    continue
                guarded(
                    lambda: self._once(reactor, tls, backoff), f"a connection to {self.network}"
                )
                if self._leads():
                    self._pause(reactor, backoff.next())
        finally:
            self._set_link(False, "stopped")
            self._drain()
            reactor.close()

    def _once(self, reactor: WakingReactor, tls: ssl.SSLContext | None, backoff: Backoff) -> None:
        """One connection from the dialling to its end."""
        config = self._config
        try:
            sock = dial(
                reactor,
                config.host,
                config.port,
                tls=tls,
                timeout=self._timing.connect,
                cancelled=self._stopping.is_set,
            )
        except Transient as error:
            self._set_link(False, str(error))
            return
        connection = reactor.server()
        connection.open(sock)
        began = time.monotonic()
        try:
            self._serve(reactor, connection)
        finally:
            connection.disconnect("the connection was given up")
            reactor.connections.remove(connection)
        if time.monotonic() - began > self._timing.steady:
            backoff.reset()

    def _serve(self, reactor: WakingReactor, connection: GuardedConnection) -> None:
        session = Session(
            self._config,
            self._timing,
            self._rooms,
            self._limit,
            self._hosts,
            send=connection.send_raw,
            ask=self._question,
            leads=self._leads,
        )
        connection.on_line = lambda line: self._on_line(connection, session, line)
        connection.on_lost = lambda why: self._on_lost(session, why)
        self._session = session
        session.login.begin()
        login_by = time.monotonic() + self._timing.register
        while connection.connected and not self._stopping.is_set() and self._leads():
            self._drain()
            now = time.monotonic()
            self._watch(connection, session, login_by, now)
            session.tick(now)
            self._update_link(session)
            if connection.connected:
                reactor.process_once(session.wait(now))
        if connection.connected:
            self._goodbye(reactor, connection)

    def _watch(
        self, connection: GuardedConnection, session: Session, login_by: float, now: float
    ) -> None:
        """Ends a connection that does not log in, or whose server is silent when it is asked."""
        if not session.ready:
            if now > login_by:
                connection.disconnect("the server did not let the bot in in time")
            return
        waits = session.proof.waits_since()
        if waits is not None and now - waits > self._timing.pong:
            silent = now - connection.heard_at
            connection.disconnect(
                f"the server said nothing for {silent:.0f} s"
                if silent > self._timing.pong
                else "the server answers and the network does not: is a bouncer's server away?"
            )
        elif waits is None and now - session.proof.proved_at > self._timing.idle:
            session.check(now)

    def _goodbye(self, reactor: WakingReactor, connection: GuardedConnection) -> None:
        why = "stops" if self._stopping.is_set() else "leaves: another host leads, or none can"
        connection.send_raw(write_line("QUIT", last=f"cibot {why}"))
        end = time.monotonic() + self._timing.goodbye
        while connection.connected and time.monotonic() < end:
            reactor.process_once(end - time.monotonic())
        connection.disconnect("stopped")

    def _on_line(self, connection: GuardedConnection, session: Session, line: IrcLine) -> None:
        try:
            session.handle(line, time.monotonic())
        except Transient as error:
            connection.disconnect(str(error))

    def _on_lost(self, session: Session, why: str) -> None:
        self._set_link(False, why)
        self._session = None
        session.lost(why)

    def _pause(self, reactor: WakingReactor, seconds: float) -> None:
        """Waits before the next try; meanwhile, sending raises an error."""
        end = time.monotonic() + seconds
        while not self._stopping.is_set() and time.monotonic() < end:
            reactor.wait_for(None, False, end - time.monotonic())
            self._drain()

    def _post(self, job: Callable[[], None]) -> None:
        self._inbox.put(job)
        if self._reactor is not None:
            self._reactor.wake()

    def _drain(self) -> None:
        with suppress(Empty):
            while True:
                guarded(self._inbox.get_nowait(), "a piece of work")

    def _deliver(self, delivery: Delivery) -> None:
        if self._session is None:
            delivery.fail(Transient(f"{self.network}: not connected ({self._link.detail})"))
        else:
            self._session.deliver(delivery, time.monotonic())

    def _update_link(self, session: Session) -> None:
        if session.ready:
            wrong = [f"{room.name}: {room.refused}" for room in self._rooms.all() if room.refused]
            short = [session.login.shortened] if session.login.shortened else []
            self._set_link(True, "; ".join([f"{session.login.nick} is online", *short, *wrong]))

    def _set_link(self, up: bool, detail: str) -> None:
        old = self._link
        if (old.up, old.detail) == (up, detail):
            return
        quiet = self._stopping.is_set() or detail == STANDBY
        since = old.since if old.up == up and old.since else datetime.now(UTC)
        self._link = Link(up, since, detail, standby=detail == STANDBY)
        log.log(
            logging.INFO if up or quiet else logging.WARNING,
            "irc %s: %s: %s", self.network, "up" if up else "down", detail,
        )  # fmt: skip

    # -- answering

    def _question(self, question: Question) -> None:
        if self._answerers is None or self._unanswered >= _MOST_UNANSWERED:
            log.warning("irc %s: too many questions at once, one was put off", self.network)
            if self._session is not None:
                self._session.reply(question, _BUSY)
            return
        self._unanswered += 1
        try:
            future = self._answerers.submit(self._answer_leading, question)
        except RuntimeError:  # the bot is stopping
            return
        future.add_done_callback(lambda done: self._post(lambda: self._answered(question, done)))

    def _answer_leading(self, question: Question) -> Card | None:
        """The answer; nothing is done or said of what was read after a pause, when others lead."""
        return self._answer(question) if self._leads() else None

    def _answered(self, question: Question, done: Future[Card | None]) -> None:
        self._unanswered -= 1
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            log.error("irc %s: a question failed: %r", self.network, question.text, exc_info=error)
        answer = BROKEN if error is not None else done.result()
        if answer is not None and self._session is not None:
            self._session.reply(question, answer)


def _tls(config: IrcConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.client_cert is not None:
            context.load_cert_chain(config.client_cert)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in (config.ca_file, config.client_cert) if path)
        raise ConfigError(
            f"[[irc]] {config.name}: a certificate file is unusable ({files}): {error}"
        ) from error
    return context


def probe(settings: IrcConfig, _rooms: Sequence[str]) -> Iterator[Finding]:
    """Whether the network lets the bot in, and how."""
    backend = IrcBackend(settings.model_copy(update={"channels": ()}))
    before = backend.link()
    backend.start(lambda _question: None)
    pause = threading.Event()
    try:
        while (link := backend.link()) == before:
            pause.wait(0.02)
    finally:
        backend.stop(2.0)
    if not link.up:
        yield wrong(link.detail)
        return
    how = "over TLS" if settings.tls else "in clear"
    login = "logged in by SASL" if settings.sasl_username or settings.client_cert else "no login"
    yield right(f"{settings.host}:{settings.port} {how}: {link.detail}, {login}")
