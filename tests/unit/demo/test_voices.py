"""What the demo's CIs write means what they did, to the readers of real comments."""

import pytest

from cibot.collector.formats import looks_like_ci, parse
from cibot.demo.cast import VENDORS, ZUUL, Vendor
from cibot.demo.voices import FAILED, PASSED, Ran, Spoken, Work
from cibot.model import Account, Outcome, Report

FORMATS = {
    "Zuul": "zuul",
    "Acme iSCSI CI": "zuul",
    "Borealis FC CI": "jenkins",
    "Cobalt NVMe CI": "result-url",
    "Dunlin NFS CI": "github-actions",
    "Everstore Cluster CI": "zuul",
    "Granite Array CI": "listing",
    "NetFoo Driver CI": "jenkins",
    "Orbit SDN CI": "votes",
    "Pylon Switch CI": "listing",
    "Quartz Router CI": "luci",
    "Tern Overlay CI": "sentence",
    "Wren Balancer CI": "result-url",
}


def work(vendor: Vendor, first: str) -> Work:
    """The vendor's jobs: the first ended like this, the others well."""
    ran = [
        Ran(job, PASSED if index else first, 754 + 3600 * index, 77 + index)
        for index, job in enumerate(vendor.jobs)
    ]
    return Work(910123, 2, vendor.site, ran)


def read(vendor: Vendor, said: Spoken) -> Report:
    """The comment as Gerrit would show it, read by the product."""
    head = " ".join(["Patch Set 2:", *(f"{label}{vote:+d}" for label, vote in said.votes.items())])
    text = f"{head}\n\n{said.text}" if said.text else head
    report = parse(text, account=Account(7, vendor.username, vendor.name), tag=said.tag)
    assert report is not None, text
    return report


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.username)
@pytest.mark.parametrize("result", [PASSED, FAILED])
def test_a_verdict_is_understood(vendor, result):
    report = read(vendor, vendor.voice(work(vendor, result)))
    assert report.outcome == (Outcome.SUCCESS if result == PASSED else Outcome.FAILURE)
    assert report.format == FORMATS[vendor.name]
    if report.builds and report.builds[0].name:
        assert report.builds[0].name.endswith(vendor.jobs[0])
        assert report.builds[0].result == result
        assert report.builds[0].url is not None


@pytest.mark.parametrize(
    "vendor", [vendor for vendor in VENDORS if vendor.started], ids=lambda v: v.username
)
def test_a_start_is_understood(vendor):
    assert read(vendor, vendor.started(work(vendor, PASSED))).outcome is Outcome.STARTED


def test_zuul_says_its_pipeline_and_durations():
    report = read(ZUUL, ZUUL.voice(work(ZUUL, FAILED)))
    assert report.pipeline == "check"
    assert [build.duration_s for build in report.builds] == [754, 4354, 7954]


def test_some_are_to_be_discovered_and_some_must_be_named():
    plain = {v.name for v in VENDORS if looks_like_ci(read(v, v.voice(work(v, PASSED))))}
    assert len(plain) == 10
    assert {v.name for v in VENDORS} - plain == {
        "Orbit SDN CI",
        "Quartz Router CI",
        "Tern Overlay CI",
    }
