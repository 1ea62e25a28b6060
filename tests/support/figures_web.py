"""The API and the pages as a script or a person reads them: the figures in what they show."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from cibot.text.figures import span
from tests.support.figures import SINCE_THEN, Figures, rate_in, standing_in
from tests.support.history import NOW
from tests.support.tables import has_table, table_with


def _whole(share: float) -> int:
    return round(share * 100)


def _ago(moment: str) -> str:
    return span(NOW - datetime.fromisoformat(moment))


def _rate_of(rate: dict[str, Any]) -> Figures:
    return {
        "rate": _whole(rate["share"]), "low": _whole(rate["low"]), "high": _whole(rate["high"]),
        "n": rate["n"],
    }  # fmt: skip


class Api:
    """The JSON API over WSGI."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **query: str) -> Any:
        response = self._client.get(f"/api/v1{path}", query_string=query)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()

    def status(self, name: str) -> Figures:
        answer = self.get(f"/cis/{name}")
        figures: Figures = {
            "state": answer["state"],
            "incidents": {str(incident["id"]) for incident in answer["incidents"]},
        }
        figures |= {"for": _ago(answer["since"])} if answer["since"] else {}
        figures |= _rate_of(answer["rate"]) if answer["rate"] else {}
        if drop := (answer["seen"] or {}).get("drop"):
            figures["passed"] = (drop["passes"], drop["n"], _whole(drop["usual"]))
        if answer["last"]:
            last = answer["last"]
            word = {"pass": "passed", "fail": "failed", None: last["outcome"]}[last["result"]]
            figures["heard"] = _ago(last["posted_at"])
            figures["last"] = (word, f"{last['number']},{last['patch_set']}")
        return figures

    def jobs(self, name: str) -> Figures:
        return {
            job["job"]: _rate_of(job["rate"]) | {"last pass": _ago(job["last_pass_at"])}
            for job in self.get(f"/cis/{name}/jobs")["jobs"]
        }

    def compare(self, first: str, second: str) -> Figures:
        answer = self.get("/compare", first=first, second=second)
        keys = ("both_passed", "both_failed", "only_first_failed", "only_second_failed")
        return {
            "counts": tuple(answer[key] for key in keys),
            "examples": [
                f"{patch_set['number']},{patch_set['patch_set']}"
                for patch_set in answer["examples"]
            ],
            **_rate_of(answer["agreement"]),
        }

    def standing(self, name: str) -> Figures:
        answer = self.get(f"/cis/{name}")["standing"]
        return {
            "rank": (answer["rank"], answer["of"], answer["project"]),
            "both": (
                answer["n"],
                answer["passed"],
                answer["reference"],
                answer["reference_passed"],
            ),
        }

    def missed(self, name: str) -> Figures:
        answer = self.get(f"/cis/{name}/missed")
        newest = [
            f"{patch_set['number']},{patch_set['patch_set']}" for patch_set in answer["patch_sets"]
        ]
        return {"missed": (answer["total"], answer["due"]), "newest": newest[:8]}

    def incidents(self) -> Figures:
        incidents: Figures = {"open": {}, "ended": {}}
        for incident in self.get("/incidents", state="all")["items"]:
            key = "ended" if incident["resolved_at"] else "open"
            incidents[key][str(incident["id"])] = (incident["ci"], incident["kind"])
        return incidents

    def history(self, name: str) -> Figures:
        week = self.get(f"/cis/{name}/history", days="7")["days"]
        passes, fails = (sum(day[key] for day in week) for key in ("passes", "fails"))
        quiet = sum(day["share"] is None for day in week)
        bars = [
            "·" if day["share"] is None else "▁▂▃▄▅▆▇█"[round(day["share"] * 7)] for day in week
        ]
        days = [(day["passes"], day["fails"], day["infra"]) for day in week]
        return {"total": (passes, passes + fails, quiet), "bars": "".join(bars), "days": days}


class Pages:
    """The dashboard's HTML."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **query: str) -> str:
        response = self._client.get(path, query_string=query)
        html = response.get_data(as_text=True)
        assert response.status_code == 200, html
        return html

    def status(self, name: str) -> Figures:
        """The CI's row of the overview, and what its own page has beside it."""
        row = next(
            line for line in table_with(self.get("/"), "CI", "30 days") if line["CI"] == name
        )
        since, heard = (re.search(r"\[(.+?)\]", row[key]) for key in ("For", "Last heard"))
        html = self.get(f"/ci/{name}")
        lead = html[html.index('id="headline"') : html.index("<section")]
        figures: Figures = {"state": row["State"]}
        figures["incidents"] = set(re.findall(r'href="[^"]*/incidents/(\d+)"', lead))
        figures |= {"for": _ago(since[1])} if since else {}
        figures |= {"heard": _ago(heard[1])} if heard else {}
        for signal in table_with(html, "Signal", "Figure"):
            if signal["Signal"] == "success":
                figures |= self._rate(signal["Interval"], signal["n"])
        words = " ".join(re.sub(r"<[^>]+>", "", lead).split())
        if passed := re.search(SINCE_THEN, words):
            figures["passed"] = tuple(map(int, passed.groups()))
        return figures

    def _rate(self, drawn: str, n: str) -> Figures:
        said = re.search(r"\[([\d.]+) %, 95 % interval ([\d.]+)–([\d.]+) %", drawn)
        assert said, drawn
        return {"rate": int(said[1]), "low": int(said[2]), "high": int(said[3]), "n": int(n)}

    def jobs(self, name: str) -> Figures:
        figures: Figures = {}
        for row in table_with(self.get(f"/ci/{name}"), "Job", "Last pass"):
            passed = re.search(r"\[(.+?)\]", row["Last pass"])
            figures[row["Job"]] = self._rate(row["Passed"], row["n"])
            figures[row["Job"]]["last pass"] = _ago(passed[1]) if passed else None
        return figures

    def compare(self, first: str, second: str) -> Figures:
        html = self.get("/compare", first=first, second=second)
        passed, failed = table_with(html, f"{second} passed", f"{second} failed")
        counts = passed[f"{second} passed"], failed[f"{second} failed"]
        apart = failed[f"{second} passed"], passed[f"{second} failed"]
        text = " ".join(re.sub(r"<[^>]+>", "", html).replace("\xa0", " ").split())
        agree = text[text.index("They agree on") :]
        has_examples = has_table(html, "Patch set", "When")
        rows = table_with(html, "Patch set", "When") if has_examples else []
        return {
            "counts": tuple(map(int, (*counts, *apart))),
            "examples": [row["Patch set"] for row in rows[:5]],
            **rate_in(agree),
        }

    def standing(self, name: str) -> Figures:
        return standing_in(self.get(f"/ci/{name}"))

    def missed(self, name: str) -> Figures:
        html = self.get(f"/ci/{name}")
        counts = re.search(r"missed (\d+) of (\d+)\s+chances to report", html.replace("\xa0", " "))
        assert counts
        newest = [row["Patch set"] for row in table_with(html, "Due until")]
        return {"missed": (int(counts[1]), int(counts[2])), "newest": newest[:8]}

    def incidents(self) -> Figures:
        incidents: Figures = {"open": {}, "ended": {}}
        html = self.get("/incidents")
        cut = re.search(r"<h2[^>]*>[^<]*(?:Ended|ended|week)", html)
        assert cut, "where do the ended ones begin?"
        for key, part in (("open", html[: cut.start()]), ("ended", html[cut.start() :])):
            if has_table(part, "Incident", "Kind"):
                for row in table_with(part, "Incident", "Kind"):
                    incidents[key][row["Incident"].removeprefix("#")] = (row["CI"], row["Kind"])
        return incidents

    def history(self, name: str) -> Figures:
        """The days where the page has them as a table, else the totals of its thirty bars."""
        row = next(
            line for line in table_with(self.get("/"), "CI", "30 days") if line["CI"] == name
        )
        bars = re.search(
            r"30 days: (\d+) of (\d+) results passed, (\d+) days without", row["30 days"]
        )
        assert bars
        passes, ran, quiet = map(int, bars.groups())
        figures: Figures = {"total": (passes, ran, quiet - 23)}  # the 23 days before the week
        html = self.get(f"/ci/{name}")
        if has_table(html, "Day", "Passed", "Failed"):
            rows = table_with(html, "Day", "Passed", "Failed")
            assert len(rows) == 30
            heads = ("Passed", "Failed", "Broke by itself")
            newest = [tuple(int(cells[head]) for head in heads) for cells in rows[:7]]
            figures["days"] = newest[::-1]
        return figures
