"""``/badge/<ci>.svg``: a CI's state, or a job's, as a small picture, and the code that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from flask import Blueprint, Response, request
from markupsafe import Markup

from cibot.errors import CibotError, UserError
from cibot.model import Result, State
from cibot.reports import wording
from cibot.reports.ci import CiLine, line_named
from cibot.reports.context import Context
from cibot.reports.jobs import jobs
from cibot.reports.names import resolve
from cibot.store.engine import Tx
from cibot.text import figures
from cibot.web.api.problems import problem_of
from cibot.web.asking import Asking
from cibot.web.reply import reply

_MAX_AGE_S = 60
_LONGEST_NAME = 40
_EM, _PAD, _TALL = 6.6, 7, 20  # of 11 px text, user units
_COLOURS = {  # white text on each has a contrast of at least 4.5
    State.HEALTHY: "#24703f",
    State.DEGRADED: "#8a5700",
    State.FAILING: "#b3261e",
    State.SILENT: "#5a4a94",
    State.UNKNOWN: "#5a616c",
}


BY_RESULT: dict[Result | None, State] = {
    Result.PASS: State.HEALTHY,
    Result.FAIL: State.FAILING,
    Result.INFRA: State.DEGRADED,
}


def badges_blueprint(asking: Asking) -> Blueprint:
    """The badges, one for each CI, and with ``?job=`` for each of its jobs."""
    blueprint = Blueprint("badges", __name__)

    @blueprint.get("/badge/<path:name>.svg")
    def badge(name: str) -> Response:
        job = request.args.get("job")

        def drawn(tx: Tx, ctx: Context) -> Markup:
            if job is None:
                return badge_of(line_named(tx, ctx, name))
            return _of_job(tx, ctx, name, job)

        try:
            picture = asking.ask(drawn)
        except UserError:
            # An unknown CI gets a picture, too: that is what the page that embeds it expects.
            said = "no such CI" if job is None else "no such job"
            unknown = draw(figures.cut(job or name, _LONGEST_NAME), said, State.UNKNOWN)
            return Response(unknown, 404, mimetype="image/svg+xml")
        return reply(picture.encode("utf-8", "replace"), "image/svg+xml", max_age=_MAX_AGE_S)

    blueprint.register_error_handler(CibotError, problem_of)
    return blueprint


def badge_of(line: CiLine) -> Markup:
    """A CI's badge: its name, state and rate."""
    rate = f", passes {figures.percent(line.rate.share)}" if line.rate else ""
    said = f"{line.state.shape} {line.state.value}{rate}"
    return draw(figures.cut(line.name, _LONGEST_NAME), said, line.state)


def _of_job(tx: Tx, ctx: Context, name: str, job: str) -> Markup:
    """A job's last result, how often in a row, and how much it passed in seven days."""
    answer = jobs(tx, ctx, name)
    by_name = {job.job: job for job in answer.jobs}
    line = by_name[resolve(job, list(by_name), "job")]
    state = BY_RESULT.get(line.streak_of, State.UNKNOWN)
    bad = state in {State.FAILING, State.DEGRADED}
    times = f" ×{line.streak}" if bad and line.streak > 1 else ""
    rate = f", {figures.percent(line.rate.share)}" if line.rate else ""
    said = f"{state.shape} {wording.result_word(line.streak_of)}{times}{rate}"
    return draw(figures.cut(line.job, _LONGEST_NAME), said, state)


def draw(name: str, said: str, state: State) -> Markup:
    """A badge: ``name`` on grey, ``said`` on the state's colour."""
    left, right = len(name) * _EM + 2 * _PAD, len(said) * _EM + 2 * _PAD
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall}" role="img"'
        ' aria-label="{name}: {said}"><title>{name}: {said}</title>'
        '<clipPath id="r"><rect width="{wide:.0f}" height="{tall}" rx="3"/></clipPath>'
        '<g clip-path="url(#r)"><rect width="{left:.0f}" height="{tall}" fill="#3f444d"/>'
        '<rect x="{left:.0f}" width="{right:.0f}" height="{tall}" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        '<text x="{pad}" y="14" textLength="{name_wide:.0f}">{name}</text>'
        '<text x="{said_at:.0f}" y="14" textLength="{said_wide:.0f}">{said}</text></g></svg>\n'
    ).format(
        wide=left + right,
        tall=_TALL,
        name=name,
        said=said,
        left=left,
        right=right,
        colour=_COLOURS[state],
        pad=_PAD,
        name_wide=len(name) * _EM,
        said_at=left + _PAD,
        said_wide=len(said) * _EM,
    )


@dataclass(frozen=True, slots=True)
class BadgeCode:
    """The same in two languages; ``whole`` says that the addresses name their host."""

    markdown: str
    html: str
    whole: bool


def badge_code(ctx: Context, name: str) -> BadgeCode:
    """The code for a CI; its addresses are relative where we have no public address."""
    own, path = ctx.page(), quote(name, safe="")
    picture, page = f"{own or ''}/badge/{path}.svg", f"{own or ''}/ci/{path}"
    words = re.sub(r"([\\\[\]<>])", r"\\\1", name)
    said = escape(name)
    return BadgeCode(
        f"[![{words}]({picture})]({page})",
        f'<a href="{page}"><img src="{picture}" alt="{said}"></a>',
        own is not None,
    )
