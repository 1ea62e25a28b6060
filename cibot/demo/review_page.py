"""A change of the simulated review server as a page, for those who follow a link to it."""

from __future__ import annotations

import re
from html import escape

from cibot.demo.review_events import Info
from cibot.demo.reviews import Reviews

_PATH = re.compile(r"/(?:c/[^?#]{1,500}/\+/)?([0-9]{1,9})(?:/[0-9]{1,5})?/?")
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 1rem;padding:.6rem;"
    "border-left:3px solid #888}"
)


def change_page(reviews: Reviews, path: str) -> str | None:
    """The page at ``/NUMBER``, ``/NUMBER/PATCH_SET`` or ``/c/PROJECT/+/NUMBER…``, else None."""
    found = _PATH.fullmatch(path)
    info = reviews.change(int(found[1])) if found else None
    return _page(info, reviews) if info is not None else None


def _page(info: Info, reviews: Reviews) -> str:
    title = escape(f"{info['_number']}: {info['subject']}")
    about = escape(f"{info['project']}, branch {info['branch']}, {info['status']}")
    messages = "\n".join(_message(message, reviews) for message in info["messages"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{about}. This is a simulated review server: nothing of it is real.</p>\n{messages}"
    )


def _message(message: Info, reviews: Reviews) -> str:
    number = message.get("author", {}).get("_account_id", 0)
    author = reviews.accounts.get(number, {}).get("name", "?")
    head = escape(f"{author}, {message['date'][:19]} UTC")
    return f"<h2>{head}</h2><pre>{escape(message['message'])}</pre>"
