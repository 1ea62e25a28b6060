"""What happens below HTTP: cut answers, certificates, names that do not resolve."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cibot.collector.gerrit import Gerrit
from cibot.errors import ConfigError, Permanent, Transient


@contextmanager
def raw_server(reply: bytes | None, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port that answers each connection with ``reply``; None leaves it hanging."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain:
                try:
                    taken = tls.wrap_socket(plain, server_side=True) if tls else plain
                    taken.recv(65536)
                    if reply is not None:
                        taken.sendall(reply)
                    else:
                        held.append(taken.dup())
                    taken.close()
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in held:
            connection.close()


def failure(url: str, **kw: object) -> Exception:
    gerrit = Gerrit(url, retries=0, **kw)
    try:
        with pytest.raises((Transient, Permanent)) as caught:
            gerrit.version()
    finally:
        gerrit.close()
    return caught.value


def test_a_cut_body_is_transient():
    with raw_server(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n)]}\'\n"3.9"') as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)
    assert "the connection broke before the answer was whole" in str(error)


def test_a_cut_chunked_body_is_transient():
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n)]}'\n\"3"
    with raw_server(reply) as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)


def test_a_chunk_of_a_negative_length_is_transient():
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n)]}'\n[]\r\n0\r\n\r\n"
    with raw_server(reply) as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)
    assert "the connection broke" in str(error)


def test_an_answer_that_is_no_http_is_transient():
    with raw_server(b"SSH-2.0-GerritCodeReview\r\n") as port:
        assert isinstance(failure(f"http://127.0.0.1:{port}"), Transient)


@pytest.mark.parametrize("target", [b"https://[x", b"//[::1/", b"http://\xff\xfe/"])
def test_a_redirect_to_no_address_is_named(target):
    reply = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % target
    with raw_server(reply) as port:
        error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Permanent)
    assert "redirected (302) to " in str(error)


def test_damaged_gzip_is_transient():
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"
    with raw_server(reply) as port:
        assert isinstance(failure(f"http://127.0.0.1:{port}"), Transient)


def test_a_silent_server_times_out():
    with raw_server(None) as port:
        error = failure(f"http://127.0.0.1:{port}", timeout=(1, 0.05))
    assert isinstance(error, Transient)
    assert "no answer within 0.05 s" in str(error)


def test_a_refused_connection_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}")
    assert isinstance(error, Transient)
    assert "connection refused; is Gerrit running" in str(error)


def test_a_name_that_does_not_resolve_is_named():
    error = failure("http://gerrit.invalid")
    assert isinstance(error, Transient)
    assert "'gerrit.invalid' does not resolve" in str(error)


def test_plain_http_behind_https_is_named():
    with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = failure(f"https://127.0.0.1:{port}")
    assert isinstance(error, Permanent)
    assert "should the url begin with http:?" in str(error)


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        (b"Date: Fri, 17 May 2024 12:00:05 +0200\r\n", datetime(2024, 5, 17, 10, 0, 5, tzinfo=UTC)),
        (b"Date: today\r\n", None),
        (b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n", None),  # in UTC it is no date
        (b"", None),
    ],
)
def test_the_servers_own_clock_is_read(written, reads):
    with raw_server(b"HTTP/1.0 200 OK\r\n" + written + b"\r\n)]}'\n[]") as port:
        gerrit = Gerrit(f"http://127.0.0.1:{port}")
        assert gerrit.changes("is:open").served_at == reads
        gerrit.close()


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate for localhost, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        signed.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_an_untrusted_certificate_is_named_and_a_bundle_mends_it(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with raw_server(b'HTTP/1.0 200 OK\r\n\r\n)]}\'\n"3.9"', tls) as port:
        error = failure(f"https://localhost:{port}")
        assert isinstance(error, Permanent)
        assert "certificate is not trusted (self-signed certificate)" in str(error)
        gerrit = Gerrit(f"https://localhost:{port}", verify=str(certificate))
        assert gerrit.version() == "3.9"
        gerrit.close()
        error = failure(f"https://127.0.0.1:{port}", verify=str(certificate))
        assert "certificate is not trusted" in str(error)
        assert "or correct the host name" in str(error)


def test_a_missing_bundle_is_named():
    error = failure("https://127.0.0.1:1", verify="/nowhere/ca.pem")
    assert isinstance(error, Permanent)
    assert "CA bundle" in str(error)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("review.example.com", "must look like https://review.example.com"),
        ("ftp://x", "must look like"),
        ("http://", "must look like"),
        ("http://x:99999", "not a URL"),
        ("http://x:0", "must look like"),
        ("https://u:hush@x", "holds a username or password"),
        ("https://x/?q=1", "without [?] and #"),
    ],
)
def test_a_url_that_cannot_be_is_refused_at_once(url, says):
    with pytest.raises(ConfigError, match=says) as caught:
        Gerrit(url)
    assert "hush" not in str(caught.value)
