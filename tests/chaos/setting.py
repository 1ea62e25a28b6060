"""The servers of the day of outages, and the configuration of the bot that lives with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.chaos.events import JUDGEMENT, REFERENCE, ci_name
from tests.support.gate import Gate
from tests.support.inspircd import InspIRCd
from tests.support.mariadb import MariaDB
from tests.support.ngircd import Ngircd
from tests.support.slack_server import SlackServer
from tests.support.slack_workspace import APP_TOKEN, BOT_TOKEN, SECRET
from tests.support.whole_bot import TOKEN, toml

CIS = 60
NICK, ROOM, SLACK_ROOM = "daybot", "#day", "C0ALERTS0"
ACCOUNT, PASSWORD = "daybot", "correct-horse-1"
SUMMARY_HOUR = 9


@dataclass
class Servers:
    """Everything that the bot lives with."""

    mariadb: MariaDB
    ngircd: Ngircd
    stranger: Ngircd  # whose certificate nobody knows
    inspircd: InspIRCd
    slack: SlackServer
    gate: Gate  # before ngircd
    gate_i: Gate  # before inspircd


def write_config(directory: Path, servers: Servers) -> Path:
    """Writes a cibot.toml with a new database; returns where it is."""
    rooms = [f"ngircd/{ROOM}", f"inspircd/{ROOM}", f"slack/{SLACK_ROOM}"]
    at = {"at": f"{SUMMARY_HOUR:02}:00", "time_zone": "UTC"}
    names = [REFERENCE, *map(ci_name, range(CIS))]
    gerrit = {
        "name": "review", "url": "http://127.0.0.1:9/", "poll": False, "webhook_token": TOKEN,
    }  # fmt: skip
    tables = {
        "store": {"url": servers.mariadb.create_database()},
        "web": {"listen": "127.0.0.1:0"},
        "gerrit": [gerrit],
        "ci": [{"name": name, "accounts": [name.lower()]} for name in names],
        "reference": [{"ci": REFERENCE}],
        **_chat(servers),
        "route": [{"channels": rooms}],
        "summary": [{"channel": room, **at} for room in rooms],
    }
    config = directory / "cibot.toml"
    config.write_text(toml(tables | JUDGEMENT))
    config.chmod(0o600)
    return config


def _chat(servers: Servers) -> dict[str, list[dict[str, object]]]:
    """The tables of the networks; IRC is reached through the gates."""
    common: dict[str, object] = {
        "host": "localhost", "nick": NICK, "channels": [ROOM], "messages_per_second": 1000,
        "burst": 1000,
    }  # fmt: skip
    ngircd = {"name": "ngircd", "port": servers.gate.port, "ca_file": str(servers.ngircd.ca)}
    inspircd = {
        "name": "inspircd", "port": servers.gate_i.port, "ca_file": str(servers.inspircd.ca),
        "sasl_username": ACCOUNT, "sasl_password": PASSWORD,
    }  # fmt: skip
    slack = {
        "name": "slack", "bot_token": BOT_TOKEN, "signing_secret": SECRET,
        "app_token": APP_TOKEN, "api_url": servers.slack.api_url,
    }  # fmt: skip
    return {"irc": [common | ngircd, common | inspircd], "slack": [slack]}
