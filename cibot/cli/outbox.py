"""``cibot outbox``: messages that wait or were given up, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from cibot.actions.recording import record
from cibot.cli.common import config_option, configured_store, shell_actor
from cibot.errors import UserError
from cibot.store import digests, outbox
from cibot.store.engine import Tx
from cibot.store.outbox import MessageState
from cibot.text import figures
from cibot.text.card import Card
from cibot.text.cleaning import one_line
from cibot.text.numbers import number_in

_SHOWN = 100  # characters of a message and of its error


@click.group()
def command() -> None:
    """List, retry or drop messages that are not out yet.

    A message waits (pending), is just being sent (sending), or was given up
    (dead) because a person must act first: the bot was banned, a room is gone,
    a token was revoked.
    """


@command.command("list")
@config_option
@click.option("--dead", is_flag=True, help="Only those that were given up.")
def list_(config_path: Path | None, dead: bool) -> None:
    """Show them, newest first, with ages and errors.

    \b
    Example:
      cibot outbox list --dead
    """
    states = [MessageState.DEAD]
    if not dead:
        states += [MessageState.PENDING, MessageState.SENDING]
    now = datetime.now(UTC)
    with configured_store(config_path) as store:
        messages = store.read(lambda tx: outbox.listed(tx, states))
    for line in lines(messages, now):
        click.echo(line)


def lines(messages: Sequence[outbox.StoredMessage], now: datetime) -> list[str]:
    """A line for each message, and one more for its error."""
    if not messages:
        return ["nothing waits"]
    shown = []
    for row in messages:
        age = figures.span(now - row.created_at)
        tries = figures.plural(row.attempts, "try", "tries")
        said = figures.cut(one_line(Card.read(row.card).text()), _SHOWN)
        where = one_line(f"{row.network}/{row.room}")
        shown.append(f"{row.id}  {row.state}  {where}  {age} old, {tries}: {said}")
        if row.error:
            shown.append(f"    {figures.cut(one_line(row.error), _SHOWN)}")
    return shown


@command.command()
@config_option
@click.argument("which", metavar="ID|all")
def retry(config_path: Path | None, which: str) -> None:
    """Send again now what was given up or waits for another try.

    \b
    Example:
      cibot outbox retry all
    """
    now = datetime.now(UTC)

    def work(tx: Tx) -> int:
        count = digests.retry(tx, now, None if which == "all" else _number(which))
        record(tx, shell_actor(), "outbox retry", which, f"{count} due again", now)
        return count

    with configured_store(config_path) as store:
        count = store.write(work)
    if not count:
        raise UserError(f"nothing to retry: {which} waits for nothing; see cibot outbox list")
    click.echo(f"{figures.plural(count, 'message')} due now; the running bot sends them")


@command.command()
@config_option
@click.argument("which", metavar="ID")
def drop(config_path: Path | None, which: str) -> None:
    """Give up a message for good.

    \b
    Example:
      cibot outbox drop 17
    """
    now, number = datetime.now(UTC), _number(which)

    def work(tx: Tx) -> None:
        if not outbox.drop(tx, number):
            raise UserError(
                f"message {number} is out, being sent or unknown; see cibot outbox list"
            )
        record(tx, shell_actor(), "outbox drop", which, "dropped", now)

    with configured_store(config_path) as store:
        store.write(work)
    click.echo(f"message {number} will not be sent")


def _number(which: str) -> int:
    number = number_in(which)
    if number is not None:
        return number
    raise UserError(f"{which!r} is no message's number; cibot outbox list shows them")
