"""`list [STATE] [project P] [branch B]`: CIs, worst first."""

from __future__ import annotations

from cibot.chat.command import Ask, Command
from cibot.chat.typed import close_to, without_branch, without_fillers
from cibot.errors import UserError
from cibot.model import State
from cibot.reports import lists, wording
from cibot.reports.ci import CiLine
from cibot.reports.context import Context
from cibot.reports.listing import Listing, listing
from cibot.text.card import Card, Line, Span, first, line, some, state_span

_LINES = 12
_NAMES = 12
_SHORT = 4  # lines that a shared room bears


def answer(ask: Ask) -> Card:
    """Those that need a look with a line each, the rest by name."""
    return render(ask.ctx, listing(ask.tx, ask.ctx, *read_words(ask.words)))


def render(ctx: Context, report: Listing) -> Card:
    """A sentence over all, then the CIs."""
    each = [ci for ci in report.cis if report.state or ci.state.bad]
    lines: list[Line] = [headline(report)]
    lines += first([lists.brief(ctx, ci) for ci in each], _LINES)
    if report.state is None:
        for state in (State.UNKNOWN, State.HEALTHY):
            lines += _names(state, [ci for ci in report.cis if ci.state is state])
    lines += wording.stale_lines(ctx, report.stale)
    return Card(tuple(lines), link=ctx.page(), long=len(lines) > _SHORT)


def headline(report: Listing) -> Line:
    """The sentence over all CIs, or how many are in the chosen state."""
    if report.state is None:
        return lists.overall(report)
    where = wording.on_places(report.project, report.branch)
    if not report.cis:
        return line(f"No CI{where} is {report.state.value}.")
    verb = "is" if len(report.cis) == 1 else "are"
    total = sum(report.totals.values())
    return line(f"{len(report.cis)} of {total} CIs{where} {verb} ", state_span(report.state), ":")


def _names(state: State, cis: list[CiLine]) -> list[Line]:
    if not cis:
        return []
    ordered = sorted(cis, key=lambda ci: ci.name.casefold())
    names = [Span(ci.name, href=ci.page) for ci in ordered]
    return [line(state_span(state), ": ", *some(names, _NAMES))]


def read_words(words: tuple[str, ...]) -> tuple[State | None, str | None, str | None]:
    """A state, a project and a branch, in any order.

    The word after "branch" is a branch; another word that is not a state is a project. Raises
    UserError for more than these.
    """
    state: State | None = None
    words, branch = without_branch(words)
    rest: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        named = close_to(word.casefold(), list(State))
        if named != word.casefold() and before.casefold() in {"project", "projects"}:
            named = None  # "list project sailing"
        if named is not None:
            if state not in {None, named}:
                raise UserError(f"list takes one state, as in: list {state}.")
            state = State(named)
        elif word.casefold() not in {"project", "projects", "ci", "cis"}:
            rest.append(word)
    names = without_fillers(tuple(rest))
    if not names and [word.casefold() for word in words[-2:-1]] == ["project"]:
        names = tuple(rest)  # "list project health": behind that word it names one
    if len(names) > 1:
        raise UserError(
            f"list takes a state ({', '.join(State)}), a project and a branch,"
            " as in: list failing project P branch B."
        )
    return state, names[0] if names else None, branch


COMMAND = Command(
    usage="list [STATE] [project P] [branch B]",
    does="CIs, worst first; by state (silent, failing, degraded, unknown, healthy), project or"
    " branch",
    example="list failing",
    answer=answer,
    aliases=("ls", "cis", "overview"),
)
