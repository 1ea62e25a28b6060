"""The dashboard's two main pages over HTTP, beside an empty handler under the same server."""

from __future__ import annotations

import gzip
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import quote

import requests
from flask import Flask

from bench.load import CONFIG
from bench.posting import Posted, get
from bench.shape import REFERENCE
from bench.table import Figure
from bench.webhooks import percentile
from cibot.config.models import Config
from cibot.daemon.app import create_app
from cibot.store.cis import all_cis
from cibot.store.engine import open_store
from cibot.web.asking import Asking
from cibot.web.faces import face_blueprints
from cibot.web.server import WebServer

_READERS = 32  # who ask at once
_ROUNDS = 3
_ASKED_FOR = r'<(?:link[^>]*rel="stylesheet"[^>]*href|script[^>]*src)="([^"]+)"'
_HEAVIEST = 100_000  # bytes on the wire


def figures(url: str, where: str, samples: int) -> Iterator[Figure]:
    """Overview and the pages of the CIs: server time, requests a second, weight."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that they queue is the point
    with closing(open_store(url)) as store, tempfile.TemporaryDirectory() as name:
        asking = Asking(store, Config.model_validate(CONFIG), lambda: datetime.now(UTC))
        names = [ci.name for ci in store.read(all_cis)]
        cis = [f"/ci/{quote(name)}" for name in names if name != REFERENCE]
        scratch = Path(name) / "paths"
        empty = Flask("floor")
        empty.add_url_rule("/", "empty", lambda: "")
        with _served(create_app(face_blueprints(asking))) as ours, _served(empty) as floor:
            for title, paths in (
                (f"overview, {len(names)} CIs", ["/"]),
                ("page of a CI", cis),
                ("page of the reference", [f"/ci/{REFERENCE}"]),
            ):
                rounds = [_round(ours, floor, paths, samples, scratch) for _ in range(_ROUNDS)]
                yield _figure(f"{title} ({where})", rounds)
            for title, path in (("overview", "/"), ("page of a CI", cis[0])):
                yield _weight(f"weight of the {title} ({where})", ours, path)


@contextmanager
def _served(app: Flask) -> Iterator[int]:
    web = WebServer(app, "127.0.0.1:0")
    web.start()
    try:
        yield int(web.url.rpartition(":")[2])
    finally:
        web.stop(5)


def _round(
    ours: int, floor: int, paths: list[str], samples: int, scratch: Path
) -> tuple[Posted, float, float]:
    """One after the other for the time of each; then all connections at once, and the floor's."""
    wanted = [paths[place % len(paths)] for place in range(samples)]
    get(ours, 1, wanted[:20], scratch)
    alone = get(ours, 1, wanted, scratch)
    crowd = get(ours, _READERS, wanted, scratch).rate
    return alone, crowd, get(floor, _READERS, ["/"] * max(samples, 500), scratch).rate


def _figure(name: str, rounds: list[tuple[Posted, float, float]]) -> Figure:
    ms = sorted(took for alone, _crowd, _floor in rounds for took in alone.ms)
    crowd, floor = (median(measured[place] for measured in rounds) for place in (1, 2))
    return Figure(
        name,
        f"p50 {percentile(ms, 50):.1f} ms, p99 {percentile(ms, 99):.1f} ms, {crowd:,.0f}/s",
        f"empty handler {floor:,.0f}/s",
        crowd / floor,
    )


def _weight(name: str, port: int, path: str) -> Figure:
    """Bytes on the wire of the page and of what it asks for."""
    base = f"http://127.0.0.1:{port}"
    page = requests.get(base + path, timeout=30)
    page.raise_for_status()
    parts = re.findall(
        r'<(?:link[^>]*rel="stylesheet"[^>]*href|script[^>]*src)="([^"]+)"', page.text
    )
    bodies = [page.content, *(requests.get(base + part, timeout=30).content for part in parts)]
    packed = sum(len(gzip.compress(body, 5)) for body in bodies)
    whole = sum(map(len, bodies))
    return Figure(
        name,
        f"{packed / 1000:.0f} kB, unpacked {whole / 1000:.0f} kB, {len(bodies)} requests",
        target=f"≤ {_HEAVIEST // 1000} kB",
        meets=packed <= _HEAVIEST,
    )
