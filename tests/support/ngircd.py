"""A real ngircd on loopback, plain and over TLS: the plain IRC server, without IRCv3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates, make_certificates
from tests.support.irc_user import IrcUser
from tests.support.needs import needs
from tests.support.processes import ServerProcess, accepts, free_port, server_directory

# As root, ngircd would change its user by itself and so lose the signal that ends it with the
# tests; it is started as this user of every Debian instead.
_USER = "nobody"

_CONFIG = """\
[Global]
Name = {name}
Info = for cibot's tests
AdminEMail = nobody@example.test
Listen = 127.0.0.1
Ports = {server.port}
MotdPhrase = hello
{password}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
MaxPenaltyTime = {penalty}
PingTimeout = {ping}
PongTimeout = 5
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {files.certificate}
KeyFile = {files.key}
Ports = {server.tls_port}
"""
_LINK = """\
[Server]
Name = {name}
Host = 127.0.0.1
{port}
MyPassword = between-servers
PeerPassword = between-servers
"""


class Ngircd:
    """An IRC server with a plain `port` and a `tls_port`; `ca` is the authority to trust."""

    def __init__(
        self,
        directory: Path,
        *,
        password: str = "",
        penalty_s: int = 0,
        ping_s: int = 60,
        name: str = "irc.example.test",
        peer: tuple[str, int | None] | None = None,
    ) -> None:
        """`penalty_s`: how long a flooding client is held (0: never, -1: ngircd's default).

        `peer` is another server's name, and the port to reach it at; None waits for it to come.
        """
        self.port, self.tls_port = free_port(), free_port()
        self.files: Certificates = make_certificates(directory)
        self.files.key.chmod(0o644)
        config = directory / "ngircd.conf"
        line = f"Password = {password}\n" if password else ""
        text = _CONFIG.format(
            server=self, files=self.files, password=line, penalty=penalty_s, ping=ping_s, name=name
        )
        if peer is not None:
            port = f"Port = {peer[1]}" if peer[1] else "Passive = yes"
            text += _LINK.format(name=peer[0], port=port)
        config.write_text(text.replace("[Limits]\n", "[Limits]\nConnectRetry = 5\n"))
        binary = needs("ngircd", package="ngircd")
        words = [binary, "--nodaemon", "--config", config]
        self.process = ServerProcess("ngircd", words, directory / "log", user=_USER)

    @property
    def ca(self) -> Path:
        """The certificate authority's file."""
        return self.files.ca

    def start(self) -> float:
        """Starts it, also again; returns the seconds that took."""
        return self.process.start(lambda: accepts(self.port) and accepts(self.tls_port))

    def stop(self) -> None:
        """Stops it; its users lose their connections."""
        self.process.stop()

    def user(self, nick: str, *, tls: bool = True) -> IrcUser:
        """A person on this server."""
        port, ca = (self.tls_port, self.ca) if tls else (self.port, None)
        return IrcUser(port, nick, ca=ca)


@pytest.fixture(scope="session")
def ngircd() -> Iterator[Ngircd]:
    """A running ngircd, shared by the session: take nicks and channels of your own."""
    needs("ngircd", package="ngircd")
    with server_directory("ngircd", _USER) as directory:
        directory.chmod(0o755)
        server = Ngircd(directory)
        server.start()
        yield server
        server.stop()
