"""The dashboard's pages: each asks the query layer and renders a template."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from cibot import __version__
from cibot.errors import CibotError, UserError
from cibot.reports.ci import branch_name
from cibot.reports.context import Context
from cibot.reports.feeds import feeds
from cibot.reports.incidents import incidents
from cibot.reports.listing import all_lines
from cibot.reports.projects import project_lines
from cibot.store.changes import project_names
from cibot.store.engine import Tx
from cibot.web.api import ENDPOINTS, WRITES
from cibot.web.api.details import ChangeParams, one_change
from cibot.web.api.endpoint import read_params
from cibot.web.api.general import MatrixParams, PeriodParams, project_matrix, report_of
from cibot.web.api.incidents import OneIncident
from cibot.web.api.openapi import document
from cibot.web.api.problems import problem, problem_of
from cibot.web.api.question import CiParams, Nothing, Params
from cibot.web.asking import Asking, homes_of
from cibot.web.pages.ci import ci_page, incident_page
from cibot.web.pages.compare import CompareParams, compare_page
from cibot.web.pages.filters import page_tools
from cibot.web.pages.judging import judging
from cibot.web.pages.overview import Filter, overview
from cibot.web.pages.unparsed import UnparsedFilter, unparsed_page
from cibot.web.reply import reply

_STATIC = {"style.css": "text/css", "page.js": "text/javascript"}
_YEAR_S = 365 * 86400
_MOST_INCIDENTS = 200
View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page: ``ask`` answers what its template ``NAME.html`` shows.

    An empty field of a ``form`` asks nothing. ``address`` gives what the address of the answer
    is made of: one that only means it leads there.
    """

    rule: str
    name: str
    params: type[Params]
    ask: Callable[[Tx, Context, Any], Any]
    form: bool = False
    address: Callable[[Any], dict[str, Any]] | None = None


def _report(tx: Tx, ctx: Context, params: PeriodParams) -> dict[str, Any]:
    """A period's report, and the projects that one may be of."""
    projects = sorted(project_names(tx), key=str.casefold)
    return {"report": report_of(tx, ctx, params), "projects": projects}


PAGES = (
    WebPage("/", "overview", Filter, overview, form=True),
    WebPage("/ci/<path:name>", "ci", CiParams, ci_page, form=True,
            address=lambda page: {"name": page["ci"].name, "branch": branch_name(page["ci"])}),
    WebPage("/change/<number>", "change", ChangeParams, one_change),
    WebPage("/incidents", "incidents", Nothing,
         lambda tx, ctx, _: incidents(tx, ctx, ended=True, limit=_MOST_INCIDENTS)),
    WebPage("/incidents/<id>", "incident", OneIncident, incident_page),
    WebPage("/projects", "projects", Nothing,
         lambda tx, ctx, _: project_lines(all_lines(tx, ctx), homes_of(tx, ctx))),
    WebPage("/projects/<path:name>", "project", MatrixParams, project_matrix, form=True,
         address=lambda page: {"name": page.project, "branch": page.branch}),
    WebPage("/compare", "compare", CompareParams, compare_page, form=True),
    WebPage("/report", "report", PeriodParams, _report, form=True),
    WebPage("/unparsed", "unparsed", UnparsedFilter, unparsed_page, form=True),
    WebPage("/how", "how", Nothing, lambda _tx, ctx, _: judging(ctx.config.judgement)),
    WebPage("/api", "api", Nothing, lambda _tx, _ctx, _: document(ENDPOINTS, WRITES, __version__)),
)  # fmt: skip


def _view(asking: Asking, page: WebPage) -> View:
    """The view of a page, which also says how fresh its data is."""

    def view(**path: str) -> ResponseReturnValue:
        params = read_params(page.params, path, form=page.form)
        shown, servers = asking.ask(lambda tx, ctx: (page.ask(tx, ctx, params), feeds(tx, ctx)))
        right = page.address(shown) if page.address else {}
        if any(getattr(params, name) != value for name, value in right.items()):
            return redirect(url_for(f"pages.{page.name}", **right), 302)
        html = render_template(
            f"{page.name}.html",
            here=page.name,
            page=shown,
            servers=servers,
            stale=[server for server in servers if server.stale],
            now=asking.clock(),
            version=__version__,
        )
        return reply(html.encode("utf-8", "replace"), "text/html", max_age=0)

    return view


def _error(error: CibotError) -> ResponseReturnValue:
    """An error as a page that says what to do, with the status that the API answers."""
    said = str(error) if isinstance(error, UserError) else "The database does not answer."
    return _sorry(said, problem_of(error).status_code)


def _nowhere(_error: NotFound) -> ResponseReturnValue:
    """An address that leads nowhere: a page for people, a problem for programs."""
    wants = request.accept_mimetypes.best_match(["application/problem+json", "text/html"])
    if wants == "text/html" and not request.path.startswith(("/api/", "/webhooks/")):
        return _sorry(f"There is no page {request.path[:100]} here.", 404)
    return problem(404, "Not Found", "There is nothing at this address.")


def _sorry(said: str, status: int) -> Response:
    html = render_template(
        "sorry.html", said=said, status=status, servers=(), stale=(), version=__version__
    )
    return Response(html, status, {"Cache-Control": "no-store"}, mimetype="text/html")


def pages_blueprint(asking: Asking) -> Blueprint:
    """The dashboard below ``/``."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")
    for page in PAGES:
        blueprint.add_url_rule(page.rule, page.name, _view(asking, page))
    blueprint.register_error_handler(CibotError, _error)
    blueprint.app_errorhandler(404)(_nowhere)
    files = {name: _file(name) for name in _STATIC}
    blueprint.add_url_rule("/static/<name>", "static", _static(files))
    blueprint.record(lambda state: _tools(state, asking, files))
    return blueprint


def _tools(state: BlueprintSetupState, asking: Asking, files: dict[str, bytes]) -> None:
    environment = state.app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    page_tools(environment, asking)

    def static_url(name: str) -> str:
        version = hashlib.blake2b(files[name], digest_size=6).hexdigest()
        return url_for("pages.static", name=name, v=version)

    environment.globals["static_url"] = static_url


def _file(name: str) -> bytes:
    return resources.files("cibot.web").joinpath("static", name).read_bytes()


def _static(files: dict[str, bytes]) -> View:
    def static(name: str) -> ResponseReturnValue:
        if name not in files:
            raise UserError(f"There is no file {name[:60]!r}.")
        # The address has the content's hash, so what it names never changes.
        return reply(files[name], _STATIC[name], max_age=_YEAR_S if "v" in request.args else 60)

    return static
