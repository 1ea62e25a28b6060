"""Tests talk to this machine only: a connection to anywhere else is refused at once."""

import ipaddress
import socket
from typing import Any


class NetworkForbiddenError(AssertionError):
    """A test reached for the network."""


def is_loopback(host: str) -> bool:
    """Whether a host's name or address stays on this machine."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def forbid_network() -> None:
    """Guards socket.connect for the rest of the process. Unix sockets stay free."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: Any) -> None:
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            raise NetworkForbiddenError(f"a test tried to connect to {address[0]}:{address[1]}")

    def guarded(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign]
