"""What templates may call: times, figures, links and pictures. Everything is escaped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from cibot.chat.commands import report as report_command
from cibot.chat.commands import why as why_command
from cibot.health.presence import NAME as SILENT
from cibot.health.seen import Seen
from cibot.health.signal import Signal
from cibot.incidents import signal_words
from cibot.model import State
from cibot.reports import blame, incidents, period_wording, wording
from cibot.reports.change import ChangeReport, CiVerdict
from cibot.reports.ci import CiLine, branch_name
from cibot.reports.matrix import MatrixCell
from cibot.reports.promise import Ruling
from cibot.reports.signals import is_rate, reason_words
from cibot.store.changes import has_namesakes
from cibot.text import figures
from cibot.text.card import Line, Span, sentence, web_address
from cibot.text.cleaning import in_order
from cibot.web import badges
from cibot.web.asking import Asking
from cibot.web.charts import drawing, plot
from cibot.web.pages import api

_NAMESAKES_FOR = timedelta(minutes=5)
_MOST_SETS = 12  # patch sets of a change that are linked


def page_tools(environment: Environment, asking: Asking) -> None:
    """Adds the tools to an environment."""
    environment.finalize = _finalize

    def line(spans: Line) -> Markup:
        return line_html(spans, asking.clock())

    def seen(what: Seen | None, then: datetime | None = None) -> Markup:
        return line(signal_words.spans(signal_words.seen_words(what), then=then))

    def distinguished(row: Any, project: str | None) -> dict[str, str]:
        any_are = partial(asking.ask, lambda tx, _ctx: has_namesakes(tx))
        if not asking.context().remembered("namesakes", _NAMESAKES_FOR, any_are):
            return {}
        number, change_id = row.number, getattr(row, "change_id", None)
        of = getattr(row, "project", project)
        return asking.ask(lambda tx, _ctx: incidents.distinguished(tx, number, change_id, of))

    environment.globals.update(_PICTURES, distinguished=distinguished)
    environment.globals["job_sentence"] = lambda verdict, job: blame.job_sentence(
        asking.context(), verdict, job
    )
    environment.globals.update(api=api, badges=badges, blame=blame, drawing=drawing, plot=plot)
    environment.globals.update(figures=figures, period=period_wording, wording=wording)
    environment.filters.update(
        at=lambda moment: at_time(moment, asking.clock()),
        ago=lambda moment: ago_time(moment, asking.clock()) if moment else "never",
        line=line,
        seen=seen,
        why=lambda rate_reason: line(signal_words.spans(reason_words(rate_reason))),
        sentence_of=lambda what: line(sentence(signal_words.spans(signal_words.seen_words(what)))),
        reason=lambda step: line(wording.step(asking.context(), step)),
        began=lambda onset: line(why_command.began(asking.context(), onset)),
        branch_name=branch_name,
        absent=lambda missing: line(blame.absent(asking.context(), missing)),
        **_WORDS,
    )


def _finalize(shown: Any) -> Any:
    """What a template shows, without characters by which strangers reorder our own words."""
    return in_order(shown) if isinstance(shown, str) else shown


def at_time(moment: datetime, now: datetime) -> Markup:
    """A moment as "Sat 14:10 UTC"; a script may make it local."""
    return Markup('<time class="at" datetime="{}" title="{}">{} UTC</time>').format(
        machine(moment), figures.stamp(moment), figures.clock(moment, now, UTC)
    )


def ago_time(moment: datetime, now: datetime) -> Markup:
    """How long ago, as "4 min"."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        machine(moment), figures.stamp(moment), figures.span(now - moment)
    )


def line_html(line: Line, now: datetime) -> Markup:
    """A line of spans as HTML; a script may make its moments local."""
    return Markup("").join(_span(span, now) for span in line)


def unbroken(words: str) -> str:
    """Words in which a figure and its percent sign stay on one line."""
    return words.replace(" %", "\u00a0%")


def _span(span: Span, now: datetime) -> Markup:
    if span.state is not None:
        return drawing.state_chip(span.state)
    if span.at is not None:
        return at_time(span.at, now)
    html: Any = Markup("{}").format(unbroken(span.text))
    if span.code:
        html = Markup("<code>{}</code>").format(html)
    if span.strong:
        html = Markup("<b>{}</b>").format(html)
    address = web_address(span.href)
    return Markup('<a href="{}">{}</a>').format(address, html) if address else html


def verdict_chip(verdict: CiVerdict) -> Markup:
    """A CI's verdict on a patch set, with the shape and colour of its meaning."""
    word = wording.result_word(verdict.result, verdict.outcome)
    return drawing.state_chip(badges.BY_RESULT.get(verdict.result, State.UNKNOWN), word)


def mark(cell: MatrixCell | None) -> Markup:
    """A cell of a matrix: the style draws the shape, the word is to hear and to hover.

    As short as it can be: a matrix has hundreds.
    """
    if cell is None:
        return Markup("<td></td>")
    state = badges.BY_RESULT.get(cell.result, State.UNKNOWN)
    word = wording.result_word(cell.result, "started")
    return Markup('<td class="{}"><i>{}</i></td>').format(state.value, word)


def job_link(job: str, url: str | None) -> Markup:
    """A job's name, linked where ``url`` is a web address."""
    name = Markup("<code>{}</code>").format(figures.cut(job, 60))
    address = web_address(url)
    return Markup('<a href="{}">{}</a>').format(address, name) if address else name


def figure_of(signal: Signal) -> str:
    """A signal's figure in its own unit; "" where the figure means nothing without its context."""
    if signal.figure is None or signal.name == SILENT:
        return ""
    hours = figures.duration(signal.figure * 3600)
    return figures.percent(signal.figure) if is_rate(signal) else hours


def ruling_chip(ruling: Ruling) -> Markup:
    """Whether a promise was kept, with the shape and colour of its meaning."""
    return drawing.state_chip(period_wording.STATES[ruling], period_wording.KEPT[ruling])


def success_verdict(ci: CiLine) -> State:
    """The verdict of the pass rate alone, of its level and its change, whatever the CI's state."""
    verdicts = [signal.verdict for signal in ci.signals if signal.name in ("success", "level")]
    return min(verdicts, key=_badness, default=State.UNKNOWN)


def coverage(ci: CiLine) -> Signal | None:
    """Its coverage, where it had a chance to report."""
    return next((signal for signal in ci.signals if signal.name == "coverage" and signal.n), None)


def _badness(state: State) -> int:
    """Orders states worst first and unknown last: a known verdict wins."""
    return len(State) if state is State.UNKNOWN else state.rank


def shown_sets(page: ChangeReport) -> list[int]:
    """The numbers of a change's last patch sets, the shown one among them."""
    last = set(range(max(1, page.latest - _MOST_SETS + 1), page.latest + 1))
    return sorted(last | {page.patch_set})


def project_tail(name: str) -> str:
    """A project's last part: "cinder" of "openstack/cinder"."""
    return name.rpartition("/")[2] or name


def machine(moment: datetime) -> str:
    """As "2026-11-23T04:10:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WORDS: dict[str, Callable[..., Any]] = {
    "percent": figures.percent,
    "number": figures.number,
    "duration": figures.duration,
    "cut": figures.cut,
    "machine": machine,
    "unbroken": unbroken,
    "sentence": figures.sentence,
    "threshold": signal_words.threshold_words,
    "fault": signal_words.fault_words,
    "project_tail": project_tail,
    "coverage": coverage,
    "took": lambda length: figures.duration(length.total_seconds()),
}
_PICTURES: dict[str, Callable[..., Any]] = {
    "asked_by": report_command.asked_by,
    "verdict_chip": verdict_chip,
    "mark": mark,
    "job_link": job_link,
    "is_rate": is_rate,
    "figure_of": figure_of,
    "success_verdict": success_verdict,
    "shown_sets": shown_sets,
    "kept": ruling_chip,
    "rate_words": lambda rate: figures.rate(rate.share, rate),
}
