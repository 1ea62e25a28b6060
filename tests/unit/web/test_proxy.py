"""Behind a reverse proxy: what it says counts by configuration only."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask, request, url_for

from cibot.config.models import WebConfig
from cibot.daemon.app import create_app
from cibot.web.proxy import behind_proxies

SAID = {
    "X-Forwarded-For": "203.0.113.7, 198.51.100.2",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "ci.example.org",
    "X-Forwarded-Prefix": "/said",
}


def app(**web: Any) -> Flask:
    blueprint = Blueprint("b", __name__)

    @blueprint.get("/where")
    def where() -> dict[str, str | None]:
        return {
            "from": request.remote_addr,
            "root": request.url_root,
            "link": url_for("b.where"),
            "path": request.path,
        }

    @blueprint.get("/ci/<name>")
    def ci(name: str) -> str:
        return f"ci {name} {url_for('b.ci', name=name)}"

    @blueprint.get("/")
    def root() -> str:
        return "root"

    return behind_proxies(create_app([blueprint]), WebConfig.model_validate(web))


def asked(path: str = "/where", headers: Any = None, **web: Any) -> Any:
    return app(**web).test_client().get(path, headers=headers).get_json()


def test_nothing_is_believed_by_default() -> None:
    assert asked(headers=SAID) == {
        "from": "127.0.0.1", "root": "http://localhost/", "link": "/where", "path": "/where",
    }  # fmt: skip


def test_one_proxy_is_believed_for_what_it_added_itself() -> None:
    assert asked(headers=SAID, proxies=1) == {
        "from": "198.51.100.2", "root": "https://ci.example.org/said/", "link": "/said/where",
        "path": "/where",
    }  # fmt: skip


def test_two_proxies_tell_of_one_more() -> None:
    both = SAID | {
        "X-Forwarded-Proto": "https, http",
        "X-Forwarded-Host": "ci.example.org, inner",
        "X-Forwarded-Prefix": "/said, /inner",
    }
    answer = asked(headers=both, proxies=2)
    assert (answer["from"], answer["root"]) == ("203.0.113.7", "https://ci.example.org/said/")


def test_fewer_than_configured_add_nothing() -> None:
    answer = asked(headers={"X-Forwarded-For": "203.0.113.7"}, proxies=2)
    assert answer["from"] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/where", "/ci/bot/where"])
def test_a_prefix_is_taken_off_where_it_is(path: str) -> None:
    answer = asked(path, headers=SAID, prefix="/ci/bot")
    assert (answer["link"], answer["path"]) == ("/ci/bot/where", "/where")
    assert answer["root"] == "http://localhost/ci/bot/"


def test_a_prefix_that_is_one_of_our_own_words_is_taken_off_once() -> None:
    client = app(prefix="/ci", proxies=1).test_client()
    assert client.get("/ci/ci/netapp").text == "ci netapp /ci/ci/netapp"
    stripped = app(proxies=1).test_client()
    said = {"X-Forwarded-Prefix": "/ci"}
    assert stripped.get("/ci/netapp", headers=said).text == "ci netapp /ci/ci/netapp"


def test_a_prefix_of_ours_outdoes_what_the_proxy_says() -> None:
    assert asked(headers=SAID, prefix="/ci", proxies=1)["link"] == "/ci/where"


def test_the_prefix_alone_is_the_root() -> None:
    client = app(prefix="/ci").test_client()
    assert client.get("/ci").text == client.get("/ci/").text == "root"
    assert client.get("/cinder").status_code == 404


@pytest.mark.parametrize(
    "prefix",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a/../b", "/a b", "x", "/<x>"],
)
def test_a_prefix_that_leads_elsewhere_is_not_believed(prefix: str) -> None:
    said = asked(headers={**SAID, "X-Forwarded-Prefix": prefix}, proxies=1)
    assert (said["link"], said["root"]) == ("/where", "https://ci.example.org/")


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "evil.example/x?"),
     ("X-Forwarded-Host", 'a"b'), ("X-Forwarded-Host", "a@b")],
)  # fmt: skip
def test_a_scheme_or_host_that_is_none_is_not_believed(header: str, value: str) -> None:
    root = asked(headers={**SAID, header: value}, proxies=1)["root"]
    assert value not in root
    assert root.startswith(("http://", "https://"))


@pytest.mark.parametrize("path", ["/ci//x", "//evil.example/ci/x/..", "/ci/", "//ci/x"])
def test_redirects_stay_here_whatever_the_host_header_says(path: str) -> None:
    response = app().test_client().get(path, base_url="http://evil.example")
    assert response.status_code in {200, 308, 404}
    location = response.headers.get("Location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")
