"""A real InspIRCd with Atheme's services: the modern IRC network, with SASL and IRCv3."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates, make_certificates
from tests.support.irc_user import IrcUser
from tests.support.needs import needs
from tests.support.processes import ServerProcess, free_port, server_directory

_USER = "nobody"  # both refuse root, or need a switch for it
_MODULES = (
    "ssl_gnutls cap ircv3 ircv3_echomessage ircv3_accounttag ircv3_servertime"
    " ircv3_labeledresponse ircv3_batch ircv3_ctctags ircv3_msgid sasl"
    " services_account spanningtree chanhistory callerid silence shun blockcolor sapart samode"
)
_SERVICES_MODULES = (
    "protocol/inspircd backend/opensex crypto/pbkdf2v2 nickserv/main nickserv/register"
    " nickserv/identify nickserv/set_core nickserv/set_password saslserv/main saslserv/plain"
)

_CONFIG = """\
<server name="irc.example.test" description="for cibot's tests" network="Test" id="0AA">
<admin name="tests" nick="tests" email="nobody@example.test">
<path configdir="{directory}" datadir="{directory}" logdir="{directory}" runtimedir="{directory}">
<sslprofile name="tls" provider="gnutls" certfile="{files.certificate}" keyfile="{files.key}"
 cafile="" crlfile="" requestclientcert="no">
<bind address="127.0.0.1" port="{server.port}" type="clients">
<bind address="127.0.0.1" port="{server.tls_port}" type="clients" sslprofile="tls">
<bind address="127.0.0.1" port="{link}" type="servers">
<link name="services.test" ipaddr="127.0.0.1" port="{link}" allowmask="127.0.0.0/8"
 sendpass="between-servers" recvpass="between-servers">
<uline server="services.test" silent="yes">
<sasl target="services.test">
<connect name="all" allow="*" timeout="20" pingfreq="{ping}" localmax="1000" globalmax="1000"
 resolvehostnames="no" useident="no" fakelag="off" commandrate="1000000" threshold="1000"
 softsendq="1048576" hardsendq="2097152" recvq="1048576" maxchans="100">
<performance softlimit="1000" somaxconn="128">
<chanhistory bots="yes" enableumode="yes" maxlines="50">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*">
<type name="tests" classes="all">
<oper name="tests" password="tests" host="*@*" type="tests">
<security maxtargets="20" allowcoreunload="no">
{modules}
"""

_SERVICES_CONFIG = """\
{modules}
serverinfo {{
  name = "services.test"; desc = "services for tests"; numeric = "00A"; recontime = 1;
  netname = "Test"; hidehostsuffix = "users.test"; adminname = "tests";
  adminemail = "nobody@example.test"; registeremail = "nobody@example.test";
  mta = "/bin/false"; loglevel = {{ error; info; }}; maxlogins = 1000; maxusers = 0;
  emaillimit = 1000; emailtime = 1; auth = none; casemapping = rfc1459;
}};
uplink "irc.example.test" {{
  host = "127.0.0.1"; port = {link};
  send_password = "between-servers"; receive_password = "between-servers";
}};
nickserv {{ nick = "NickServ"; user = "ns"; host = "services.test"; real = "accounts"; }};
saslserv {{ nick = "SaslServ"; user = "sasl"; host = "services.test"; real = "logins"; }};
"""


class InspIRCd:
    """An IRC network with accounts: a plain `port`, a `tls_port`, `ca` is the authority to trust.

    Offers sasl (PLAIN), account-tag, echo-message, labeled-response, server-time, message ids.
    It puts the label of labeled-response on a message only for who has asked for batch as well.
    """

    def __init__(self, directory: Path, *, ping_s: int = 60) -> None:
        """Writes the configuration of both servers; silent users are asked after ``ping_s``."""
        self.port, self.tls_port, link = free_port(), free_port(), free_port()
        self.files: Certificates = make_certificates(directory)
        self.files.key.chmod(0o644)
        config, services = directory / "inspircd.conf", directory / "atheme.conf"
        modules = "\n".join(f'<module name="{name}">' for name in _MODULES.split())
        config.write_text(
            _CONFIG.format(
                server=self,
                files=self.files,
                link=link,
                directory=directory,
                modules=modules,
                ping=ping_s,
            )
        )
        loads = "\n".join(f'loadmodule "modules/{name}";' for name in _SERVICES_MODULES.split())
        services.write_text(_SERVICES_CONFIG.format(link=link, modules=loads))
        binary = needs("inspircd", package="inspircd")
        words = [binary, "--nofork", "--nopid", f"--config={config}"]
        log = directory / "inspircd.log"
        self.process = ServerProcess("inspircd", words, log, user=_USER, cwd=directory)
        binary = needs("atheme-services", package="atheme-services")
        files = ["-c", services, "-l", directory / "atheme-own.log", "-p", directory / "atheme.pid"]
        words = [binary, "-n", *map(str, files), "-D", str(directory)]
        log = directory / "atheme.log"
        self.services = ServerProcess("atheme-services", words, log, user=_USER, cwd=directory)

    @property
    def ca(self) -> Path:
        """The certificate authority's file."""
        return self.files.ca

    def start(self) -> float:
        """Starts both and waits until logins are possible; returns the seconds that took."""
        took = self.process.start(lambda: bool(self.capabilities()))
        return took + self.services.start(lambda: "sasl" in self.capabilities())

    def stop(self) -> None:
        """Stops both; accounts are kept by a polite stop."""
        self.services.stop()
        self.process.stop()

    def capabilities(self) -> set[str]:
        """What CAP LS offers now, without values; empty while the server is not up."""
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as link:
                link.sendall(b"CAP LS 302\r\n")
                while b" LS " not in answer or not answer.endswith(b"\n"):
                    piece = link.recv(4096)
                    if not piece:
                        return set()
                    answer += piece
        except OSError:
            return set()
        words = answer.decode().rpartition(" :")[2].split()
        return {word.partition("=")[0] for word in words}

    def user(
        self,
        nick: str,
        *,
        tls: bool = True,
        capabilities: str = "",
        sasl: tuple[str, str] | None = None,
    ) -> IrcUser:
        """A person on this network, logged in when `sasl` gives an account and its password."""
        port, ca = (self.tls_port, self.ca) if tls else (self.port, None)
        return IrcUser(port, nick, ca=ca, capabilities=capabilities, sasl=sasl)

    def register(self, account: str, password: str) -> None:
        """Makes a services account of that name, which is also its nick."""
        with self.user(account) as person:
            person.say("NickServ", f"REGISTER {password} {account}@example.test")
            person.hears("is now registered", nick="NickServ", command="NOTICE")


@pytest.fixture(scope="session")
def inspircd() -> Iterator[InspIRCd]:
    """A running network with services, shared by the session: take names of your own."""
    with server_directory("inspircd", _USER) as directory:
        directory.chmod(0o755)
        server = InspIRCd(directory)
        server.start()
        yield server
        server.stop()
