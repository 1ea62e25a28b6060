"""The servers that other tests rely on: they start, answer, stop, and leave nothing behind."""

import socket
import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.inspircd import InspIRCd
from tests.support.irc_user import IrcUser
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.processes import accepts

pytestmark = pytest.mark.e2e


def scalar(url: str, statement: str) -> object:
    """What one statement answers over the URL that tests are given."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_a_place_accepts_once_something_listens_there(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server, socket.socket() as at_port:
        assert not accepts(path)
        server.bind(str(path))
        assert not accepts(path)
        server.listen()
        assert accepts(path)
        at_port.bind(("127.0.0.1", 0))
        port = at_port.getsockname()[1]
        assert not accepts(port)
        at_port.listen()
        assert accepts(port)


def test_mariadb_answers_with_its_version(mariadb_url: str) -> None:
    assert "MariaDB" in str(scalar(mariadb_url, "SELECT VERSION()"))
    assert scalar(mariadb_url, "SELECT @@character_set_database") == "utf8mb4"


def test_mariadb_databases_are_fresh_and_apart(mariadb: MariaDB, mariadb_url: str) -> None:
    other = mariadb.create_database()
    scalar(mariadb_url, "CREATE TABLE t AS SELECT 1 AS n")
    count = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
    assert scalar(mariadb_url, count) == 1
    assert scalar(other, count) == 0
    mariadb.drop_database(other)


def test_mariadb_keeps_its_data_over_a_crash(mariadb: MariaDB, mariadb_url: str) -> None:
    scalar(mariadb_url, "CREATE TABLE t (n INT PRIMARY KEY)")
    mariadb.process.kill()
    with pytest.raises(sa.exc.OperationalError):
        scalar(mariadb_url, "SELECT 1")
    mariadb.start()
    assert scalar(mariadb_url, "SELECT COUNT(*) FROM t") == 0


def test_ngircd_carries_words_between_tls_and_plain(ngircd: Ngircd) -> None:
    with ngircd.user("anna") as anna, ngircd.user("bert", tls=False) as bert:
        anna.join("#meadow")
        bert.join("#meadow")
        assert anna.names("#meadow") == {"anna", "bert"}
        bert.say("#meadow", "guten Tag, ✓")
        heard = anna.hears("Tag", nick="bert", target="#meadow")
        assert heard.text == "guten Tag, ✓"
        anna.say("bert", "psst")
        assert bert.hears().params == ("bert", "psst")
        assert [line.command for line in bert.lines()] == []


def test_ngircds_certificate_is_refused_without_its_authority(ngircd: Ngircd) -> None:
    context = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", ngircd.tls_port)) as link,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(link, server_hostname="localhost")


def test_an_irc_user_that_waits_in_vain_says_what_it_saw(ngircd: Ngircd) -> None:
    with ngircd.user("carl") as carl, pytest.raises(AssertionError, match=r"(?s)carl.*001"):
        carl.hears("never said", timeout_s=0.01)


def test_inspircd_knows_accounts_and_gives_receipts(inspircd: InspIRCd) -> None:
    inspircd.register("dora", "secret-of-dora")
    ircv3 = "echo-message labeled-response account-tag batch"
    login = ("dora", "secret-of-dora")
    with (
        inspircd.user("dora2", capabilities=ircv3, sasl=login) as dora,
        inspircd.user("emil", tls=False, capabilities="account-tag") as emil,
    ):
        dora.join("#sasl")
        emil.join("#sasl")
        dora.send("@label=42 PRIVMSG #sasl :hello")
        receipt = dora.hears("hello", nick="dora2")
        assert receipt.tags["label"] == "42"
        assert emil.hears("hello", nick="dora2").tags["account"] == "dora"


def test_inspircd_refuses_a_wrong_password(inspircd: InspIRCd) -> None:
    inspircd.register("franz", "secret-of-franz")
    with pytest.raises(AssertionError, match="904"):
        IrcUser(inspircd.port, "franz2", sasl=("franz", "wrong"))
