"""The configuration of the demo: what a person would write for its review server."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from cibot.chat.console import NETWORK
from cibot.config.models import Config
from cibot.demo.cast import ACME, BOREALIS, COBALT, ZUUL, Vendor
from cibot.demo.voices import luci, sentence, vote
from cibot.web.tokens import new_token

SERVER = "demo"
ALERTS = "alerts"
_OWNERS = {ACME: "Acme Storage", BOREALIS: "Borealis Networks", COBALT: "Cobalt Labs"}
# What these write does not show by itself that a CI wrote it.
_PLAIN_SPOKEN = (vote, luci, sentence)
# A CI as young as this may have reported on too few changes to be discovered, as after a weekend.
_YOUNG = 7  # days


def demo_config(
    review_url: str, store_path: str, listen: str, vendors: tuple[Vendor, ...]
) -> Config:
    """Some CIs by name, the others are to be discovered; alerts go to the console.

    ``review_url`` is the simulated Gerrit, ``listen`` HOST:PORT of the bot's web side.
    """
    named = [vendor for vendor in vendors if vendor in _OWNERS or vendor is ZUUL]
    named += [
        vendor for vendor in vendors if vendor.voice in _PLAIN_SPOKEN or vendor.newest < _YOUNG
    ]
    return Config.model_validate(
        {
            "store": {"url": f"sqlite:///{store_path}"},
            "web": {"listen": listen, "public_url": f"http://{listen}"},
            "gerrit": [
                {
                    "name": SERVER,
                    "url": review_url,
                    "webhook_token": secrets.token_urlsafe(24),
                    # The month before was read already; the poll has the rest.
                    "first_look": timedelta(hours=2),
                    "poll_every": timedelta(minutes=1),
                }
            ],
            "ci": [_ci(vendor) for vendor in named],
            "reference": [{"ci": ZUUL.name}],
            "route": [{"channels": [f"{NETWORK}/{ALERTS}"]}],
            "console": True,
            "token": [{"name": "demo", "secret": new_token(), "role": "admin"}],
        }
    )


def _ci(vendor: Vendor) -> dict[str, Any]:
    section: dict[str, Any] = {"name": vendor.name, "accounts": [vendor.username]}
    owner = _OWNERS.get(vendor)
    if owner is not None:
        section |= {
            "owner": owner,
            "contact": f"{vendor.username}@{vendor.site.partition('.')[2]}",
            "recheck": f"run {vendor.username}",
        }
    return section
