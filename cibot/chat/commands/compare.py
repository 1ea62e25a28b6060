"""`compare A B [BRANCH]`: two CIs on the patch sets that both judged."""

from __future__ import annotations

from collections.abc import Callable

from cibot.chat.command import Ask, Command
from cibot.chat.typed import about, with_branch
from cibot.errors import UserError
from cibot.reports import wording
from cibot.reports.ci import branch_name, find_ci
from cibot.reports.compare import Comparison, compare
from cibot.reports.context import Context
from cibot.text import figures
from cibot.text.card import Card, Line, Span, joined, line, patch_set_span

Words = tuple[str, ...]
Find = Callable[[str], str]
_BETWEEN = {"and", "with", "to", "vs", "vs.", "versus", "against", "beside"}
_MOST_WORDS = 12  # every place between two of them is tried


def answer(ask: Ask) -> Card:
    """How often they agree, and where they do not."""
    comparison = asked(
        ask.words,
        lambda name: find_ci(ask.tx, name).name,
        lambda first, second, branch: compare(ask.tx, ask.ctx, first, second, branch=branch),
    )
    return render(ask.ctx, comparison)


def asked(
    words: Words, find: Find, ask: Callable[[str, str, str | None], Comparison]
) -> Comparison:
    """Asks about the two that the words name, and the branch behind them. Raises UserError."""
    return with_branch(words, lambda some, branch: ask(*read_names(some, find), branch))


def render(ctx: Context, comparison: Comparison) -> Card:  # noqa: ARG001 - as every command's
    """Two lines."""
    first, second = comparison.first, comparison.second
    agreement = comparison.agreement
    names = (wording.name_span(first), " and ", wording.name_span(second))
    where = wording.on_places(branch_name(first))
    if agreement is None:
        return Card((line(*names, f" have judged no patch set in common{where} in seven days."),))
    share = figures.rate(agreement.share, agreement)
    lines: list[Line] = [
        line(*names, f" agree on {share} of the patch sets that both judged{where} in seven days."),
        line(
            f"Both passed {comparison.both_passed}, both failed {comparison.both_failed}; "
            f"only {first.name} failed {comparison.only_first_failed}, "
            f"only {second.name} failed {comparison.only_second_failed}."
        ),
    ]
    if comparison.examples:
        spans: list[Span] = [
            patch_set_span(each.number, each.patch_set, each.page) for each in comparison.examples
        ]
        lines.append(line("They differ on ", *joined(spans), "."))
    return Card(tuple(lines), link=first.page)


def read_names(asked: Words, find: Find) -> tuple[str, str]:
    """The two names, wherever the first ends and the second begins.

    ``find`` returns the CI that a name means; it raises UserError, and so does this function.
    """
    words = asked[:_MOST_WORDS]
    if len(words) < 2:
        raise UserError("compare takes two CIs, as in: compare netapp zuul.")
    for place, word in enumerate(words):
        if word.casefold() in _BETWEEN and 0 < place < len(words) - 1:
            return about(words[:place], find), about(words[place + 1 :], find)
    last = UserError("")
    for place in range(1, len(words)):
        try:
            return find(" ".join(words[:place])), find(" ".join(words[place:]))
        except UserError as error:
            last = error if place == 1 else last
    if len(words) == 2:
        raise last
    said = figures.cut(" ".join(asked), 60)
    raise UserError(
        f'{said!r} is not two CIs; put each in quotes, as in: compare "NetApp CI" Zuul.'
    )


COMMAND = Command(
    usage="compare A B [BRANCH]",
    does="two CIs on the patch sets that both judged",
    example="compare netapp zuul",
    answer=answer,
    aliases=("versus", "vs", "diff", "difference", "than"),
)
