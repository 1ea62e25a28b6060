"""Dialling: TLS verified against the name, IPv6 and IPv4, never longer than asked."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress

import pytest

from cibot.chat.irc.connection import WakingReactor, dial
from cibot.errors import Transient
from tests.support.certificates import make_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def reactor():
    waking = WakingReactor()
    yield waking
    waking.close()


@contextmanager
def listening(address, certificates=None, family=socket.AF_INET):
    """A server that shakes hands once and says one line."""
    listener = socket.create_server((address, 0), family=family)
    listener.settimeout(10)

    def serve():
        with suppress(OSError):
            sock = listener.accept()[0]
            with sock:
                if certificates is not None:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(certificates.certificate, certificates.key)
                    sock = context.wrap_socket(sock, server_side=True)
                with sock:
                    sock.sendall(b"hello")
                    sock.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join()


def call(reactor, host, port, tls=None, cancelled=lambda: False):
    return dial(reactor, host, port, tls=tls, timeout=5, cancelled=cancelled)


def read(reactor, sock):
    with sock:
        while True:
            reactor.wait_for(sock, False, 5)
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                return sock.recv(5)


@pytest.mark.parametrize(
    ("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_reaches_a_server_over_tls(reactor, certificates, address, family):
    tls = ssl.create_default_context(cafile=certificates.ca)
    with listening(address, certificates, family) as port:
        assert read(reactor, call(reactor, address, port, tls)) == b"hello"


def test_tries_every_address_of_a_name(reactor):
    with listening("127.0.0.1") as port:  # localhost may be ::1 first
        assert read(reactor, call(reactor, "localhost", port)) == b"hello"


def test_a_certificate_for_another_name_is_not_trusted(reactor, certificates):
    tls = ssl.create_default_context(cafile=certificates.ca)
    wrong = pytest.raises(Transient, match=r"127.0.0.2:\d+ is not trusted: .*match")
    with listening("127.0.0.2", certificates) as port, wrong:
        call(reactor, "127.0.0.2", port, tls)


def test_an_unknown_authority_is_not_trusted(reactor, certificates):
    with listening("127.0.0.1", certificates) as port, pytest.raises(Transient, match="trusted"):
        call(reactor, "127.0.0.1", port, ssl.create_default_context())


def test_a_server_that_does_not_shake_hands_is_left_in_time(reactor, certificates):
    tls = ssl.create_default_context(cafile=certificates.ca)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(Transient, match="no answer in time to the TLS"):
            dial(reactor, "127.0.0.1", port, tls=tls, timeout=0.05, cancelled=lambda: False)


def test_a_stop_ends_the_dialling(reactor, certificates):
    tls = ssl.create_default_context(cafile=certificates.ca)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        asked = []

        def cancelled():
            asked.append(reactor.wake())
            return len(asked) > 3

        with pytest.raises(Transient, match="stopped"):
            call(reactor, "127.0.0.1", port, tls, cancelled)


@pytest.mark.parametrize("host", ["x" * 64 + ".test", "a..b"])
def test_what_is_no_name_is_named(reactor, host):
    with pytest.raises(Transient, match="no host name"):
        call(reactor, host, 6697)


def test_a_reactor_that_is_closed_can_still_be_woken():
    reactor = WakingReactor()
    reactor.close()
    reactor.wake()
