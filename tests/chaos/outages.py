"""Every outage that the bot must outlive: how it begins and ends, and what the bot says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tests.chaos.day import Day, person, until
from tests.chaos.setting import ACCOUNT, NICK, PASSWORD, ROOM, SLACK_ROOM
from tests.support.irc_user import IrcUser
from tests.support.processes import PATIENCE_S
from tests.support.slack_caller import command_fields
from tests.support.slack_server import Fault
from tests.support.slack_websocket import Session

Deed = Callable[[Day], None]
_LONG = timedelta(minutes=65)  # longer than what is worth saying late
_OTHER_PASSWORD = "another-horse-2"


@dataclass(frozen=True)
class Outage:
    """Something that goes wrong for a while.

    ``mute`` is the network that cannot be spoken to meanwhile; without one, alerts go on. The
    rest are words that the bot says of it: of its part in /readyz, in `feeds` (asked on another
    network), in `cibot check`, in the log.
    """

    name: str
    begin: Deed
    end: Deed
    part: str
    ready: str
    log: str
    mute: str | None = None
    check: str | None = None
    feeds: str | None = None
    lasts: timedelta = _LONG
    stored: bool = True  # comments can be stored meanwhile
    after: Deed = field(default=lambda _day: None)


def _irc(name: str, begin: Deed, end: Deed, says: str, **more: object) -> Outage:
    """An outage of ngircd, told of by its link."""
    words = {"ready": says, "log": says, "feeds": says} | more
    return Outage(name, begin, end, part="chat ngircd", mute="ngircd", **words)  # type: ignore[arg-type]


def _slack(name: str, begin: Deed, end: Deed, says: str, check: str | None = None) -> Outage:
    return Outage(
        name, begin, end, part="chat slack", ready=says, log=says, feeds=says[:20], check=check,
        mute="slack",
    )  # fmt: skip


def _eve(*lines: str) -> Deed:
    """What the room's operator does."""

    def act(day: Day) -> None:
        for line in lines:
            day.eve.send(line)
        day.eve.lines()

    return act


def _led_to(port: Callable[[Day], int | None]) -> Deed:
    """The bot's connection ends, and new ones go elsewhere or nowhere."""

    def act(day: Day) -> None:
        day.servers.gate.target = port(day)
        day.servers.gate.cut()

    return act


_BACK = _led_to(lambda day: day.servers.ngircd.tls_port)


def _fails(fault: Fault | None, method: str = "chat.postMessage") -> Deed:
    def act(day: Day) -> None:
        if fault is None:
            day.servers.slack.released.set()
            day.servers.slack.broken.pop(method, None)
        else:
            day.servers.slack.released.clear()
            day.servers.slack.broken[method] = fault

    return act


def _token(error: str | None) -> Deed:
    def act(day: Day) -> None:
        day.servers.slack.token_error = error

    return act


def _room(**how: bool) -> Deed:
    def act(day: Day) -> None:
        for name, value in how.items():
            setattr(day.servers.slack.rooms[SLACK_ROOM], name, value)

    return act


class _Squatter:
    """Takes the bot's nick while it is away."""

    person: IrcUser | None = None

    def begin(self, day: Day) -> None:
        _led_to(lambda _day: None)(day)
        until(lambda: NICK not in day.eve.names(ROOM), "the bot's going")
        self.person = person(day.servers.ngircd, NICK)
        _BACK(day)
        until(lambda: f"{NICK}_" in day.eve.names(ROOM), "the bot under another nick")

    def end(self, _day: Day) -> None:
        assert self.person is not None
        self.person.quit()

    def after(self, day: Day) -> None:
        until(lambda: NICK in day.eve.names(ROOM), "the bot's own nick")


class _SlackSocket:
    """Socket Mode's websocket, which breaks or is refreshed."""

    session: Session | None = None

    def broken(self, day: Day) -> None:
        _fails(Fault(status=500), "apps.connections.open")(day)
        self._newest(day).drop()

    def refreshed(self, day: Day) -> None:
        self._newest(day).send({"type": "disconnect", "reason": "refresh_requested"})

    def _newest(self, day: Day) -> Session:
        opened = day.servers.slack.websockets.opened
        while self.session is None or not opened.empty():
            self.session = opened.get(timeout=PATIENCE_S)
        return self.session

    def answers(self, day: Day) -> None:
        """A slash command over the new websocket."""
        slack = day.servers.slack
        self.session = slack.session(timeout=PATIENCE_S)
        payload = command_fields("version", slack.new_response_url())
        self.session.send({"envelope_id": "e1", "type": "slash_commands", "payload": payload})
        assert slack.responses.get(timeout=PATIENCE_S)[1]["text"]


def _set_password(old: str, new: str) -> Callable[[Day], None]:
    def act(day: Day) -> None:
        with person(day.servers.inspircd, "owner", (ACCOUNT, old)) as owner:
            owner.say("NickServ", f"SET PASSWORD {new}")
            owner.hears("password", nick="NickServ", command="NOTICE")
        day.servers.gate_i.cut()

    return act


def _netsplit(day: Day) -> None:
    day.servers.gate_i.target = None
    day.servers.gate_i.cut()


def _rejoined(day: Day) -> None:
    day.servers.gate_i.target = day.servers.inspircd.tls_port


def _database_back(day: Day) -> None:
    day.servers.mariadb.start()


def outages() -> list[Outage]:
    """All of them, in the order of the day."""
    squatter, socket = _Squatter(), _SlackSocket()
    html = "<html><body>503 Service Unavailable</body></html>"
    return [
        Outage(
            "the database is away for ten minutes",
            lambda day: day.servers.mariadb.stop(), _database_back,
            part="database", ready="NOT OK", log="outbox waits", check="✗ database",
            feeds="database does not answer", lasts=timedelta(minutes=10), stored=False,
        ),
        _irc("netsplit", _led_to(lambda _day: None), _BACK, "NOT OK: ", log="irc ngircd: down",
             feeds="ngircd: not connected", check="✗ irc ngircd"),
        Outage("netsplit of the network with echo-message", _netsplit, _rejoined,
               part="chat inspircd", mute="inspircd", ready="NOT OK", log="irc inspircd: down",
               feeds="inspircd: not connected", check="✗ irc inspircd"),
        _irc("half-open link", lambda day: day.servers.gate.stall(),
             lambda day: day.servers.gate.flow(), "NOT OK: ", log="the server said nothing for",
             feeds="ngircd: not connected", check="✗ irc ngircd"),
        Outage("nick in use", squatter.begin, squatter.end, part="chat ngircd",
               ready=f"ok: {NICK}_ is online", log=f"{NICK}_ is online",
               feeds=f"{NICK}_ is online", after=squatter.after),
        Outage("kicked", _eve(f"KICK {ROOM} {NICK} :out"), _eve(), part="chat ngircd",
               ready="ok", log="kicked by eve"),
        _irc("banned", _eve(f"MODE {ROOM} +b {NICK}*!*@*", f"KICK {ROOM} {NICK} :out"),
             _eve(f"MODE {ROOM} -b {NICK}*!*@*"), "banned", check="given up: #day"),
        _irc("channel invite-only", _eve(f"MODE {ROOM} +i", f"KICK {ROOM} {NICK} :out"),
             _eve(f"MODE {ROOM} -i"), "invite-only", check="given up: #day"),
        _irc("channel moderated", _eve(f"MODE {ROOM} +m"), _eve(f"MODE {ROOM} -m"),
             "may not speak there", check="may not speak there"),
        _irc("server without TLS", _led_to(lambda day: day.servers.ngircd.port), _BACK,
             "TLS", check="TLS"),
        _irc("wrong certificate", _led_to(lambda day: day.servers.stranger.tls_port), _BACK,
             "is not trusted", check="is not trusted"),
        Outage("SASL refused", _set_password(PASSWORD, _OTHER_PASSWORD),
               _set_password(_OTHER_PASSWORD, PASSWORD), part="chat inspircd", mute="inspircd",
               ready="SASL", log="SASL", feeds="SASL", check="SASL"),
        _slack("429 with Retry-After",
               _fails(Fault(status=429, error="ratelimited", retry_after=120)), _fails(None),
               "Slack asks to wait 120 s"),
        _slack("errors 5xx", _fails(Fault(status=500)), _fails(None), "Slack fails (500"),
        _slack("errors in HTML", _fails(Fault(status=503, body=html)), _fails(None),
               "Slack fails (503 not JSON)"),
        _slack("timeouts", _fails(Fault(hang=True)), _fails(None), "no answer from Slack"),
        _slack("revoked token", _token("token_revoked"), _token(None), "token_revoked",
               check="token_revoked"),
        _slack("archived channel", _room(archived=True), _room(archived=False), "is_archived",
               check="is_archived"),
        _slack("not in the channel", _room(member=False), _room(member=True), "not_in_channel",
               check="not_in_channel"),
        Outage("Socket Mode broken", socket.broken,
               _fails(None, "apps.connections.open"), part="chat slack",
               ready="NOT OK: open Socket Mode", log="open Socket Mode", after=socket.answers,
               feeds="not connected", check="apps.connections.open"),
        Outage("Socket Mode refreshed", socket.refreshed, lambda _day: None, part="chat slack",
               ready="ok", log="slack", after=socket.answers, lasts=timedelta(minutes=1)),
    ]  # fmt: skip
