"""``ack``, ``silence``, ``unsilence``: what changes something."""

from __future__ import annotations

from cibot.actions.silencing import is_pattern
from cibot.chat.commands import COMMANDS
from cibot.chat.commands import ack as ack_command
from cibot.chat.commands import silence as silence_command
from cibot.chat.commands import unsilence as unsilence_command
from cibot.cli.questions.general import Silences
from cibot.cli.questions.question import Asked, ShellAnswer, ShellQuestion
from cibot.cli.view import of_card
from cibot.client.shaped import silences
from cibot.client.source import Source
from cibot.errors import UserError
from cibot.reports.incidents import IncidentLine
from cibot.reports.silences import Muted, covering
from cibot.web.api.cis import CiDetail
from cibot.web.api.incidents import IncidentPage


def ask_ack(source: Source, asked: Asked) -> ShellAnswer:
    """Says that somebody looks at an incident."""
    which, note = ack_command.read_words(asked.words)
    number = int(which) if which.isdigit() else _open_incident(source, which)
    found = source.change(IncidentLine, "acknowledge", id=number, note=note or None)
    return ShellAnswer(found, lambda ctx: of_card(ack_command.render(ctx, found)))


def _open_incident(source: Source, name: str) -> int:
    """The number of a CI's open incident; UserError when none is open."""
    page = source.ask(IncidentPage, "/incidents", ci=name, state="open", limit=1)
    if not page.items:
        raise UserError(f"No incident of {name} is open.")
    return page.items[0].id


def ask_silence(source: Source, asked: Asked) -> ShellAnswer:
    """Mutes a CI's alerts for a while."""
    ci, length, reason = silence_command.read_words(asked.words)
    seconds = int(length.total_seconds())
    made = source.change(Muted, "make_silence", ci=ci, length_s=seconds, reason=reason)
    return ShellAnswer(made, lambda ctx: of_card(silence_command.render(ctx, made)))


def ask_unsilence(source: Source, asked: Asked) -> ShellAnswer:
    """Ends silences before their time."""
    number = unsilence_command.number_in(asked.text)
    if number is None:
        name = asked.text
        if not is_pattern(name):
            name = source.ask(CiDetail, "/cis/<name>", name=name).name
        mine = [each.id for each in silences(source) if each.ci.casefold() == name.casefold()]
        ended = [source.change(Muted, "end_silence", id=each) for each in mine]
    else:
        ended = [source.change(Muted, "end_silence", id=number)]
        name = ended[0].ci
    other = covering(silences(source), name, source.context().now)
    return ShellAnswer(
        Silences(tuple(ended)),
        lambda _ctx: of_card(unsilence_command.render(name, ended, other)),
    )


QUESTIONS = (
    ShellQuestion(COMMANDS["ack"], ask_ack),
    ShellQuestion(COMMANDS["silence"], ask_silence, completes="ci"),
    ShellQuestion(COMMANDS["unsilence"], ask_unsilence, completes="ci"),
)
