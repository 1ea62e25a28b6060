"""A real Galera cluster of three MariaDB nodes on loopback, behind HAProxy.

All three nodes begin with copies of one data directory and are told that they were the members
of the last primary view (``gvwstate.dat``): they form it again in two or three seconds, where a
first start with state transfers takes nine. A node that was killed comes back by rsync.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.support.needs import absent, needs
from tests.support.processes import (
    ServerProcess,
    accepts,
    is_root,
    lasting_port,
    run_tool,
    server_directory,
    wait_until,
)

NODES = 3
_PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
_OWNER = "mysql"  # as root, the rsync of a state transfer drops to another user and is refused
_USER, _PASSWORD = "cibot", "cibot-test"
_OPTIONS = (
    "--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--performance-schema=OFF",
    "--max-connections=150", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
    "--default-storage-engine=InnoDB", "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
    "--innodb-buffer-pool-dump-at-shutdown=0", "--innodb-buffer-pool-load-at-startup=0",
)  # fmt: skip
_WSREP = (
    "--wsrep-on=ON", f"--wsrep-provider={_PROVIDER}", "--wsrep-cluster-name=cibot",
    "--wsrep-sst-method=rsync", "--wsrep-slave-threads=2",
)  # fmt: skip
_PROVIDER_OPTIONS = (
    "gcache.size=32M;gcache.page_size=32M;evs.keepalive_period=PT0.5S;"
    "evs.inactive_check_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT5S;"
    "evs.install_timeout=PT5S"
)
# A handshake as `haproxy`, then SHOW STATUS LIKE 'wsrep_local_state_comment': a plain check of the
# connection calls a node good that has left the cluster and refuses every statement.
_HAPROXY = """
global
  maxconn 500
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 1s
  retries 2
  option redispatch
  default-server check inter 500ms fastinter 250ms downinter 500ms fall 2 rise 2 \
on-marked-down shutdown-sessions
listen {name}
  bind 127.0.0.1:{port}
  {balance}
  option tcp-check
  tcp-check connect
  tcp-check expect string mysql_native_password
  tcp-check send-binary \
2900000101820000000000012d0000000000000000000000000000000000000000000000686170726f78790000
  tcp-check expect binary 0000000200
  tcp-check send-binary \
2d0000000353484f5720535441545553204c494b45202777737265705f6c6f63616c5f73746174655f636f6d6d656e7427
  tcp-check expect string Synced
  tcp-check send-binary 0100000001
{servers}
"""
WRITER = "stick-table type ip size 10 nopurge\n  stick on dst"
"""All go to one node; to another one, and not back, when it fails."""
ROUND_ROBIN = "balance roundrobin"


def _synced(path: Path) -> bool:
    if not accepts(path):  # PyMySQL leaves the socket of a refused connection open
        return False
    with contextlib.suppress(pymysql.MySQLError):
        rows = _execute(path, "SHOW STATUS LIKE 'wsrep_local_state_comment'")
        return [row[1] for row in rows] == ["Synced"]
    return False


def _execute(path: Path, statement: str) -> list[tuple[Any, ...]]:
    link = pymysql.connect(
        unix_socket=str(path), user="root", autocommit=True, read_timeout=10, ssl_disabled=True
    )
    with contextlib.closing(link), link.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


class Node:
    """One mariadbd of the cluster."""

    def __init__(self, directory: Path, number: int, ports: Sequence[int], group: str) -> None:
        self.port = ports[0]
        self._data = directory / f"n{number}"
        self.socket = directory / f"s{number}"
        provider = (
            f"gmcast.listen_addr=tcp://127.0.0.1:{ports[1]};ist.recv_addr=127.0.0.1:{ports[2]}"
        )
        self._words = [
            needs("mariadbd", package="mariadb-server"), *_OPTIONS, *_WSREP,
            f"--datadir={self._data}", f"--socket={self.socket}", f"--port={self.port}",
            f"--pid-file={directory / f'pid{number}'}", f"--server-id={number + 1}",
            f"--wsrep-cluster-address=gcomm://{group}", f"--wsrep-node-name=n{number}",
            f"--wsrep-node-address=127.0.0.1:{ports[1]}",
            f"--wsrep-sst-receive-address=127.0.0.1:{ports[3]}",
            f"--wsrep-provider-options={provider};{_PROVIDER_OPTIONS}",
        ]  # fmt: skip
        if is_root():
            self._words.append(f"--user={_OWNER}")
        log = directory / f"n{number}.log"
        self.process = ServerProcess(f"galera {number}", self._words, log)

    def start(self) -> float:
        """Starts it, also after a kill, and waits until it is in step with the others."""
        return self.process.start(lambda: _synced(self.socket))

    @contextlib.contextmanager
    def stopped_applying(self) -> Iterator[Callable[[], None]]:
        """The node takes no write of the others until what it yields is called, or the end."""
        link = pymysql.connect(unix_socket=str(self.socket), user="root", ssl_disabled=True)
        with contextlib.closing(link), link.cursor() as cursor:
            cursor.execute("FLUSH TABLES WITH READ LOCK")

            def go_on() -> None:
                cursor.execute("UNLOCK TABLES")

            yield go_on


class Galera:
    """The cluster. ``url`` gives a database's address behind a HAProxy of its own."""

    def __init__(self, directory: Path) -> None:
        if not _PROVIDER.exists():
            absent(str(_PROVIDER), "apt-get install galera-4")
        needs("rsync", package="rsync")
        self._haproxy = needs("haproxy", package="haproxy")
        self._directory = directory
        ports = [[lasting_port(24_000 + 40 * node + 10 * kind) for kind in range(4)]
                 for node in range(NODES)]  # fmt: skip
        group = ",".join(f"127.0.0.1:{port}" for _, port, _, _ in ports)
        self.nodes = [Node(directory, number, own, group) for number, own in enumerate(ports)]
        self._front: list[ServerProcess] = []
        self._databases = 0

    def start(self) -> None:
        """Makes the data directories and starts the nodes together."""
        self._copies(self._template())
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(Node.start, self.nodes))

    def come_together(self) -> None:
        """Waits until every node is in step; one that does not get there is started again."""
        for node in self.nodes:
            try:
                wait_until(lambda node=node: _synced(node.socket), 60, "the node in step")
            except AssertionError:
                node.process.kill()
                node.start()

    def stop(self) -> None:
        """Ends everything."""
        for process in (*self._front, *(node.process for node in self.nodes)):
            process.signal(signal.SIGCONT)
            process.kill()

    def execute(self, statement: str, node: int = 0) -> list[tuple[Any, ...]]:
        """Runs one statement as a node's root."""
        return _execute(self.nodes[node].socket, statement)

    def create_database(self, balance: str) -> str:
        """Makes a database; the URL of it behind a new HAProxy."""
        self._databases += 1
        name = f"cibot_{self._databases}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        port = lasting_port(24_500 + self._databases)
        path = self._directory / f"haproxy{self._databases}.cfg"
        servers = "\n".join(f"  server n{number} 127.0.0.1:{node.port}"
                            + (" backup" if balance == WRITER and number else "")
                            for number, node in enumerate(self.nodes))  # fmt: skip
        path.write_text(_HAPROXY.format(name=name, port=port, balance=balance, servers=servers))
        words = [self._haproxy, "-db", "-f", path]
        process = ServerProcess("haproxy", words, self._directory / "haproxy.log")
        process.start(lambda: accepts(port))
        self._front.append(process)
        url = f"mysql+pymysql://{_USER}:{_PASSWORD}@127.0.0.1:{port}/{name}?ssl_disabled=true"
        wait_until(lambda: _answers(port), what="a node behind HAProxy")
        return url

    def _template(self) -> Path:
        """A data directory that was once a cluster of one node, with the users in it."""
        data, path = self._directory / "template", self._directory / "s"
        install = needs("mariadb-install-db", package="mariadb-server")
        user = [f"--user={_OWNER}"] if is_root() else []
        words = [install, "--no-defaults", *user, f"--datadir={data}"]
        run_tool([*words, "--auth-root-authentication-method=normal", "--skip-test-db"])
        words = [
            needs("mariadbd", package="mariadb-server"), *_OPTIONS, *_WSREP, *user,
            f"--datadir={data}", f"--socket={path}", "--skip-networking",
            "--wsrep-cluster-address=gcomm://", "--wsrep-new-cluster",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{lasting_port(24_400)}",
        ]  # fmt: skip
        process = ServerProcess("template", words, self._directory / "template.log")
        process.start(lambda: _synced(path))
        for statement in (
            f"CREATE USER {_USER}@'%' IDENTIFIED BY '{_PASSWORD}'",
            f"GRANT ALL ON `cibot\\_%`.* TO {_USER}@'%'",
            "CREATE USER haproxy@127.0.0.1",
        ):
            _execute(path, statement)
        process.stop()
        return data

    def _copies(self, template: Path) -> None:
        """Three copies that were the members of the last primary view."""
        members = [str(uuid.uuid1(node=number + 1)) for number in range(NODES)]
        view = "\n".join(
            [f"view_id: 3 {members[0]} 3", "bootstrap: 0", *(f"member: {m} 0" for m in members)]
        )
        for number, member in enumerate(members):
            data = self._directory / f"n{number}"
            shutil.copytree(template, data)
            (data / "gvwstate.dat").write_text(f"my_uuid: {member}\n#vwbeg\n{view}\n#vwend\n")
            for path in (data, *data.rglob("*")):
                if is_root():
                    shutil.chown(path, _OWNER, _OWNER)


def _answers(port: int) -> bool:
    try:
        link = pymysql.connect(
            host="127.0.0.1", port=port, user=_USER, password=_PASSWORD, ssl_disabled=True
        )
    except pymysql.MySQLError:
        return False
    link.close()
    return True


@pytest.fixture
def galera(running_galera: Galera) -> Galera:
    """A cluster of which every node is in step."""
    running_galera.come_together()
    return running_galera


@pytest.fixture(scope="module")
def running_galera() -> Iterator[Galera]:
    """A running cluster, shared by the tests of a file."""
    with server_directory("galera", _OWNER) as directory:
        cluster = Galera(directory)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
