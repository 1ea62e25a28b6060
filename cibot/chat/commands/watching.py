"""`watching`: which CIs the asker hears of in private."""

from __future__ import annotations

from cibot.actions.roles import require_identified
from cibot.actions.watching import account_key
from cibot.chat.command import Ask, Command
from cibot.store.cis import ci_names
from cibot.store.watches import watches_of
from cibot.text import figures
from cibot.text.card import Card, Span, joined, line


def answer(ask: Ask) -> Card:
    """Their names."""
    account = require_identified(ask.ctx.config, ask.actor)
    network = ask.actor.network
    watched = watches_of(ask.tx, network, account_key(ask.ctx.config, network, account))
    cis = dict(ci_names(ask.tx))
    names = sorted((cis[row.ci_id] for row in watched if row.ci_id in cis), key=str.casefold)
    if not names:
        how = Span("watch NAME", code=True)
        return Card((line("You watch no CI; ", how, " begins it."),))
    spans = joined(Span(figures.cut(name, 60), href=ask.ctx.page("ci", name)) for name in names)
    return Card((line("You watch ", *spans, "."),), long=len(names) > 10)


COMMAND = Command(
    usage="watching",
    does="the CIs whose alerts you get in private",
    example="watching",
    answer=answer,
    aliases=("watches",),
    before=("watch netapp",),
)
