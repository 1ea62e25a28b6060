"""The dashboard's pages: each asks the query layer and renders a template."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import resources
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from cibot import __version__
from cibot.errors import CibotError, Transient, UserError
from cibot.reports.change import change
from cibot.reports.feeds import feeds
from cibot.web.api import ENDPOINTS, WRITES
from cibot.web.api.changes import ChangeParams
from cibot.web.api.endpoint import read_params
from cibot.web.api.incidents import OneIncident
from cibot.web.api.openapi import document
from cibot.web.api.params import CiParams, Nothing
from cibot.web.api.periods import PeriodParams
from cibot.web.api.problems import BadParameter, problem
from cibot.web.api.projects import MatrixParams, one_project
from cibot.web.asking import Asking
from cibot.web.pages.ci import ci_page
from cibot.web.pages.compare import CompareParams, compare_page
from cibot.web.pages.filters import page_tools
from cibot.web.pages.incidents import incident_page, incidents_page
from cibot.web.pages.judging import judging
from cibot.web.pages.overview import Filter, overview
from cibot.web.pages.period import period_page
from cibot.web.pages.projects import projects_page
from cibot.web.pages.unparsed import UnparsedFilter, unparsed_page
from cibot.web.reply import reply

_STATIC = {"style.css": "text/css", "page.js": "text/javascript"}
_YEAR_S = 365 * 86400
View = Callable[..., ResponseReturnValue]


class Pages:
    """The views. Each page says how fresh what it shows is."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def overview(self) -> Response:
        """``/``: what needs a look."""
        page = overview(self._asking, read_params(Filter, {}, form=True))
        return self._render("overview.html", here="overview", page=page)

    def ci(self, name: str) -> ResponseReturnValue:
        """``/ci/<name>``: one CI. A name that only means it leads to the right one."""
        params = read_params(CiParams, {"name": name}, form=True)
        page = ci_page(self._asking, params)
        branch = page.ci.branch.branch if page.ci.branch else None
        if (page.ci.name, branch) != (name, params.branch):
            return redirect(url_for("pages.ci", name=page.ci.name, branch=branch), 302)
        return self._render("ci.html", page=page)

    def change(self, number: str) -> Response:
        """``/change/<number>``: what each CI says of a patch set."""
        asked = read_params(ChangeParams, {"number": number})
        page = self._asking.ask(lambda tx, ctx: change(tx, ctx, asked.wanted, asked.server))
        return self._render("change.html", page=page)

    def incidents(self) -> Response:
        """``/incidents``: open ones and those that ended lately."""
        read_params(Nothing, {})
        return self._render("incidents.html", here="incidents", page=incidents_page(self._asking))

    def incident(self, id: str) -> Response:  # noqa: A002  the URL's word
        """``/incidents/<id>``: one, with its timeline."""
        page = incident_page(self._asking, read_params(OneIncident, {"id": id}))
        return self._render("incident.html", page=page)

    def projects(self) -> Response:
        """``/projects``: where CIs are at home."""
        read_params(Nothing, {})
        return self._render("projects.html", here="projects", page=projects_page(self._asking))

    def project(self, name: str) -> ResponseReturnValue:
        """``/projects/<name>``: its last patch sets beside its CIs."""
        page = one_project(self._asking, read_params(MatrixParams, {"name": name}))
        if page.project != name:
            return redirect(url_for("pages.project", name=page.project), 302)
        return self._render("project.html", page=page)

    def compare(self) -> Response:
        """``/compare``: two CIs on the patch sets that both judged."""
        page = compare_page(self._asking, read_params(CompareParams, {}, form=True))
        return self._render("compare.html", here="compare", page=page)

    def report(self) -> Response:
        """``/report``: what the CIs of a project promised and did in a period."""
        page = period_page(self._asking, read_params(PeriodParams, {}, form=True))
        return self._render("report.html", here="report", page=page)

    def unparsed(self) -> Response:
        """``/unparsed``: what CIs wrote and nobody understood."""
        page = unparsed_page(self._asking, read_params(UnparsedFilter, {}, form=True))
        return self._render("unparsed.html", page=page)

    def how(self) -> Response:
        """``/how``: how it judges, with the thresholds in force."""
        read_params(Nothing, {})
        return self._render("how.html", here="how", page=judging(self._asking.config.judgement))

    def api(self) -> Response:
        """``/api``: the questions that programs may ask."""
        read_params(Nothing, {})
        return self._render("api.html", document=document(ENDPOINTS, WRITES, __version__))

    def _render(self, template: str, status: int = 200, **values: Any) -> Response:
        servers = self._asking.ask(feeds)
        html = render_template(
            template,
            servers=servers,
            stale=[server for server in servers if server.stale],
            now=self._asking.clock(),
            version=__version__,
            **values,
        )
        response = reply(html.encode("utf-8", "replace"), "text/html", max_age=0)
        if status != 200:
            response.status_code = status
        return response

    def sorry(self, error: CibotError) -> ResponseReturnValue:
        """An error as a page that says what to do."""
        status = 404
        if isinstance(error, BadParameter):
            status = 400
        elif isinstance(error, Transient):
            status = 503
        elif not isinstance(error, UserError):
            status = 500
        said = str(error) if isinstance(error, UserError) else "The database does not answer."
        return _sorry(said, status)

    def nowhere(self, _error: NotFound) -> ResponseReturnValue:
        """An address that leads nowhere: a page for people, a problem for programs."""
        wants = request.accept_mimetypes.best_match(["application/problem+json", "text/html"])
        if wants == "text/html" and not request.path.startswith(("/api/", "/webhooks/")):
            return _sorry(f"There is no page {request.path[:100]} here.", 404)
        return problem(404, "Not Found", "There is nothing at this address.")


def _sorry(said: str, status: int) -> Response:
    html = render_template("sorry.html", said=said, servers=(), stale=(), version=__version__)
    return Response(html, status, {"Cache-Control": "no-store"}, mimetype="text/html")


def pages_blueprint(asking: Asking) -> Blueprint:
    """The dashboard below ``/``."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")
    pages = Pages(asking)
    blueprint.add_url_rule("/", "overview", pages.overview)
    blueprint.add_url_rule("/ci/<path:name>", "ci", pages.ci)
    blueprint.add_url_rule("/change/<number>", "change", pages.change)
    blueprint.add_url_rule("/incidents", "incidents", pages.incidents)
    blueprint.add_url_rule("/incidents/<id>", "incident", pages.incident)
    blueprint.add_url_rule("/projects", "projects", pages.projects)
    blueprint.add_url_rule("/projects/<path:name>", "project", pages.project)
    blueprint.add_url_rule("/compare", "compare", pages.compare)
    blueprint.add_url_rule("/report", "report", pages.report)
    blueprint.add_url_rule("/unparsed", "unparsed", pages.unparsed)
    blueprint.add_url_rule("/how", "how", pages.how)
    blueprint.add_url_rule("/api", "api", pages.api)
    blueprint.register_error_handler(CibotError, pages.sorry)
    blueprint.app_errorhandler(404)(pages.nowhere)
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
