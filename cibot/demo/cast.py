"""The cast of the demo: invented vendors, people and projects."""

from __future__ import annotations

from dataclasses import dataclass

from cibot.demo import voices
from cibot.demo.voices import Voice

BLOCK, NETWORK, FILES = "demo/block-storage", "demo/networking", "demo/shared-files"
WEEKLY = {BLOCK: 70, NETWORK: 45, FILES: 25}
"""Patch sets uploaded a week, by project: in a month enough to know what a CI usually passes."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """A CI of the demo.

    ``passes`` is the share of good patch sets that it passes, ``misses`` the share
    that it never reports on. ``first`` and ``last`` bound its first verdict, in
    minutes after the upload. ``newest`` limits it to the last so many days.
    """

    number: int
    name: str
    projects: tuple[str, ...]
    jobs: tuple[str, ...]
    site: str
    voice: Voice
    started: Voice | None = None
    passes: float = 0.97
    misses: float = 0.02
    first: int = 15
    last: int = 50
    newest: int = 28

    @property
    def username(self) -> str:
        """Its account: "acme-ci" of "Acme iSCSI CI", "zuul" of "Zuul"."""
        return self.name.split()[0].lower() + ("-ci" if self.name.endswith(" CI") else "")


@dataclass(frozen=True, slots=True)
class Person:
    """A developer of the demo."""

    number: int
    name: str
    username: str

    @property
    def email(self) -> str:
        """An address that is not assigned."""
        return f"{self.username}@demo.example"


ZUUL = Vendor(
    1001, "Zuul", (BLOCK, NETWORK, FILES), ("tox-py311", "tox-pep8", "integration"),
    "zuul.demo.example", voices.zuul, voices.zuul_started, passes=0.99, misses=0.0, first=12,
    last=35,
)  # fmt: skip
ACME = Vendor(
    1002, "Acme iSCSI CI", (BLOCK,), ("acme-iscsi-volume", "acme-iscsi-multipath"),
    "logs.acme.example", voices.old_zuul, misses=0.0,
)  # fmt: skip
BOREALIS = Vendor(
    1003, "Borealis FC CI", (BLOCK,), ("borealis-fc-attach", "borealis-fc-migrate"),
    "jenkins.borealis.example", voices.jenkins,
    passes=1.0,  # so that its last report is not rechecked
    misses=0.0,
)  # fmt: skip
COBALT = Vendor(
    1004, "Cobalt NVMe CI", (BLOCK,), ("cobalt-nvme-tcp",), "ci.cobalt.example", voices.script,
    passes=0.99, misses=0.0,
)  # fmt: skip
VENDORS = (
    ZUUL, ACME, BOREALIS, COBALT,
    Vendor(1005, "Dunlin NFS CI", (FILES,), ("nfs",), "github.dunlin.example/nfs",
           voices.github, voices.github_started),
    Vendor(1006, "Everstore Cluster CI", (BLOCK, FILES),
           ("everstore-cluster-full", "everstore-snapshot"), "zuul.everstore.example",
           voices.vendor_zuul),
    Vendor(1007, "Granite Array CI", (BLOCK,), ("array/attach", "array/replicate"),
           "ci.granite.example", voices.listing, passes=0.95),
    Vendor(1008, "NetFoo Driver CI", (NETWORK,), ("netfoo-l2", "netfoo-l3"),
           "jenkins.netfoo.example", voices.jenkins, voices.jenkins_started),
    Vendor(1009, "Orbit SDN CI", (NETWORK,), ("orbit",), "orbit.example", voices.vote, passes=0.96),
    Vendor(1010, "Pylon Switch CI", (NETWORK,), ("pylon-vlan", "pylon-vxlan"),
           "logs.pylon.example", voices.bullets),
    Vendor(1011, "Quartz Router CI", (NETWORK,), ("router",), "luci.quartz.example", voices.luci),
    Vendor(1012, "Tern Overlay CI", (NETWORK, FILES), ("overlay",), "tern.example",
           voices.sentence),
    Vendor(1013, "Wren Balancer CI", (NETWORK,), ("wren-balance",), "ci.wren.example",
           voices.script, newest=1),
)  # fmt: skip
PEOPLE = tuple(
    Person(number, f"{name} Example", name.lower())
    for number, name in enumerate(("Ada", "Bram", "Chidi", "Dana", "Emre"), 101)
)
SUBJECTS = {
    BLOCK: ("volume attach", "snapshots", "multipath", "quotas", "volume migration", "backups"),
    NETWORK: ("floating addresses", "port security", "routers", "subnet pools", "trunk ports"),
    FILES: ("share access rules", "share replicas", "exports", "share quotas"),
}
VERBS = ("Fix", "Refactor", "Test", "Speed up", "Document", "Log errors of", "Retry", "Validate")
