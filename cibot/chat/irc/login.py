"""Logging in to an IRC network: capabilities, SASL, the nick. No I/O of its own.

Sources: IRCv3 capability-negotiation 302, sasl-3.2, RFC 2812 section 5.
"""

from __future__ import annotations

import base64
import logging
import re
import secrets
from collections.abc import Callable, Iterator

from cibot.chat.irc.history import PLAYBACK_OURS, wears_no_history
from cibot.chat.irc.settings import IrcConfig
from cibot.chat.irc.wire import IrcLine, write_line
from cibot.errors import Transient

log = logging.getLogger(__name__)

WANTED = frozenset({
    "account-notify", "account-tag", "batch", "echo-message", "extended-join",
    "labeled-response", "message-tags", "multi-prefix", "server-time",
}) | PLAYBACK_OURS  # fmt: skip
"""Capabilities that are asked for where the server offers them."""

_SASL_FAILED = {"902", "904", "905", "906", "908"}
_NICK_TAKEN = {"433", "436", "437"}
_NICK_BAD = {"431", "432"}
_TURNED_AWAY = {"464", "465", "466"}
_MOST_WORN = 10
_SHORTEST_NICKLEN = 9  # of RFC 2812
_LENGTH = re.compile(r"[1-9][0-9]{0,2}")
_CHUNK = 400  # bytes of one AUTHENTICATE


class Login:
    """Follows one connection from its first line to the welcome, and the nick after it.

    Times are seconds of a monotonic clock.
    """

    def __init__(self, config: IrcConfig, send: Callable[[str], None], *, regain: float) -> None:
        self._config = config
        self._send = send
        self._regain = regain
        self._regain_at = 0.0
        self._offered: dict[str, str] = {}
        self._refused_nicks = 0
        self._sasl = config.sasl_username is not None or config.client_cert is not None
        self._sasl_done = False
        self._awaiting = 0  # answers to CAP REQ that are still to come
        self.nick = config.nick
        self.worn = {config.nick: None}  # every nick of this connection, in order
        self.welcomed = False
        self.no_history = False
        self.caps: set[str] = set()
        self.supports: dict[str, str] = {}

    def begin(self) -> None:
        """The first lines. The server holds the welcome back until CAP END."""
        config = self._config
        self._send(write_line("CAP", "LS", "302"))
        if config.password is not None:
            self._send(write_line("PASS", last=config.password.get_secret_value()))
        self._send(write_line("NICK", config.nick))
        self._send(write_line("USER", "cibot", "0", "*", last=config.realname))

    def handle(self, line: IrcLine, now: float) -> None:
        """Takes a line; raises Transient with the reason when the bot must not go on."""
        match line.command:
            case "CAP":
                self._cap(line)
            case "AUTHENTICATE":
                self._authenticate(line)
            case "903" | "907":
                self._sasl_done = True
                self._end()
            case "001" | "004" | "005":
                self._introduced(line, now)
            case "NICK" | "QUIT":
                self._nick_moves(line, now)
            case command if command in _NICK_TAKEN | _NICK_BAD:
                self._nick_refused(command, now)
            case command if command in _SASL_FAILED:
                raise Transient(f"SASL was refused: {line.last[:200]} ({command})")
            case command if command in _TURNED_AWAY and not self.welcomed:
                raise Transient(f"the server turns the bot away: {line.last[:200]} ({command})")

    def tick(self, now: float) -> None:
        """Asks for the configured nick again when another one is worn."""
        if self.welcomed and self.nick != self.wanted and now >= self._regain_at:
            self._regain_at = now + self._regain
            self._send(write_line("NICK", self.wanted))

    @property
    def wanted(self) -> str:
        """The configured nick, as much of it as the network takes (ISUPPORT NICKLEN)."""
        most = self.supports.get("NICKLEN") or ""
        return self._config.nick[: int(most)] if _LENGTH.fullmatch(most) else self._config.nick

    @property
    def shortened(self) -> str:
        """Says that the network cut the nick; empty where it did not."""
        if self.wanted == self._config.nick:
            return ""
        return f"the network takes nicks of {len(self.wanted)} characters, not {self._config.nick}"

    def is_me(self, nick: str) -> bool:
        """Whether a nick is the bot's present one."""
        return nick == self.nick

    def _cap(self, line: IrcLine) -> None:
        names = dict(_capabilities(line.last))
        match line.param(1).upper():
            case "LS":
                self._offered |= names
                if line.param(2) != "*":
                    self._request()
            case "NEW" if self.welcomed:
                self._ask(WANTED & names.keys())
            case "ACK":
                self.caps |= {name for name in names if name in WANTED or name == "sasl"}
                if "sasl" in names and not self._sasl_done:
                    self._send(write_line("AUTHENTICATE", self._mechanism()))
                self._answered()
            case "NAK":
                if "sasl" in names and self._sasl:
                    raise Transient("the server takes no SASL, which the configuration asks for")
                self._answered()
            case "DEL":
                self.caps -= names.keys()

    def _request(self) -> None:
        if self._sasl:
            mechanisms = self._offered.get("sasl")
            if mechanisms is None:
                raise Transient("the server offers no SASL, which the configuration asks for")
            if mechanisms and self._mechanism() not in mechanisms.upper().split(","):
                raise Transient(f"the server offers SASL {mechanisms}, not {self._mechanism()}")
            self._ask({"sasl"})
        self._ask(WANTED & self._offered.keys())
        self._end()

    def _ask(self, names: set[str] | frozenset[str]) -> None:
        if names:
            self._awaiting += 1
            self._send(write_line("CAP", "REQ", last=" ".join(sorted(names))))

    def _answered(self) -> None:
        self._awaiting -= 1
        self._end()

    def _end(self) -> None:
        """Ends the negotiation when nothing is open any more."""
        if not self.welcomed and self._awaiting <= 0 and self._sasl_done >= self._sasl:
            self._send(write_line("CAP", "END"))

    def _mechanism(self) -> str:
        return "PLAIN" if self._config.sasl_password is not None else "EXTERNAL"

    def _authenticate(self, line: IrcLine) -> None:
        if line.last != "+" or "sasl" not in self.caps:
            return
        user = self._config.sasl_username or ""
        password = self._config.sasl_password
        plain = f"\0{user}\0{password.get_secret_value()}" if password is not None else user
        coded = base64.b64encode(plain.encode()).decode()
        for start in range(0, len(coded), _CHUNK):
            self._send(write_line("AUTHENTICATE", coded[start : start + _CHUNK]))
        if len(coded) % _CHUNK == 0:
            self._send(write_line("AUTHENTICATE", "+"))

    def _introduced(self, line: IrcLine, now: float) -> None:
        if line.command == "001":
            self._welcome(line, now)
        elif line.command == "004":
            self.no_history = wears_no_history(line.param(2), line.param(3))
        else:
            self._isupport(line)

    def _welcome(self, line: IrcLine, now: float) -> None:
        if self._sasl and not self._sasl_done:
            raise Transient("the server goes on without the SASL login that was asked for")
        self._wear(line.param(0))
        self.welcomed = True
        self._regain_at = now + self._regain

    def _isupport(self, line: IrcLine) -> None:
        for token in line.params[1:-1]:
            name, _equals, value = token.partition("=")
            if name.startswith("-"):
                self.supports.pop(name[1:], None)
            elif len(self.supports) < 200:
                self.supports[name] = value

    def _nick_refused(self, command: str, now: float) -> None:
        if self.welcomed:
            self._regain_at = now + self._regain
            return
        self._refused_nicks += 1
        if self._refused_nicks > 5:
            raise Transient(f"the server takes no nick like {self._config.nick}")
        self.nick = self._alternative(command)
        log.warning("irc %s: nick refused, trying %s", self._config.name, self.nick)
        self._send(write_line("NICK", self.nick))

    def _alternative(self, command: str) -> str:
        """``cibot_`` first, or as much of it as every network takes; then a random one."""
        wanted = self._config.nick
        if self._refused_nicks == 1:
            if command in _NICK_TAKEN:
                return f"{wanted}_"
            if len(wanted) > _SHORTEST_NICKLEN:
                return wanted[:_SHORTEST_NICKLEN]
        letters = "".join(c for c in self._config.nick if c.isascii() and c.isalnum())
        return f"{letters.lstrip('0123456789')[:5] or 'cibot'}{secrets.randbelow(1000):03d}"

    def _wear(self, nick: str) -> None:
        self.nick = nick or self.nick
        self.worn[self.nick] = None
        while len(self.worn) > _MOST_WORN:
            self.worn.pop(next(nick for nick in self.worn if nick != self._config.nick))

    def _nick_moves(self, line: IrcLine, now: float) -> None:
        if line.command == "NICK" and self.is_me(line.nick):
            self._wear(line.param(0))
            log.info("irc %s: nick is now %s", self._config.name, self.nick)
        elif line.nick == self.wanted:
            self._regain_at = now  # its last user has just left it


def _capabilities(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split(" "):
        name, _equals, value = word.partition("=")
        if name:
            yield name, value
