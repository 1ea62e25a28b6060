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


def _rate_of(told: dict[str, Any]) -> Figures:
    return {
        "rate": _whole(told["share"]), "low": _whole(told["low"]), "high": _whole(told["high"]),
        "n": told["n"],
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
        told = self.get(f"/cis/{name}")
        found: Figures = {
            "state": told["state"], "incidents": {str(one["id"]) for one in told["incidents"]},
        }  # fmt: skip
        found |= {"for": _ago(told["since"])} if told["since"] else {}
        found |= _rate_of(told["rate"]) if told["rate"] else {}
        if told["passed_since"]:
            found["passed"] = (told["passed_since"]["passes"], told["passed_since"]["n"])
            passed = told["reference_passed"]
            found["reference"] = (told["reference"], passed["passes"], passed["n"])
        if told["last"]:
            last = told["last"]
            word = {"pass": "passed", "fail": "failed", None: last["outcome"]}[last["result"]]
            found["heard"] = _ago(last["posted_at"])
            found["last"] = (word, f"{last['number']},{last['patch_set']}")
        return found

    def jobs(self, name: str) -> Figures:
        return {
            one["job"]: _rate_of(one["rate"]) | {"last pass": _ago(one["last_pass_at"])}
            for one in self.get(f"/cis/{name}/jobs")["jobs"]
        }

    def compare(self, first: str, second: str) -> Figures:
        told = self.get("/compare", first=first, second=second)
        keys = ("both_passed", "both_failed", "only_first_failed", "only_second_failed")
        return {
            "counts": tuple(told[key] for key in keys),
            "examples": [f"{one['number']},{one['patch_set']}" for one in told["examples"]],
            **_rate_of(told["agreement"]),
        }

    def standing(self, name: str) -> Figures:
        told = self.get(f"/cis/{name}")["standing"]
        return {
            "rank": (told["rank"], told["of"], told["project"]),
            "both": (told["n"], told["passed"], told["reference"], told["reference_passed"]),
        }

    def missed(self, name: str) -> Figures:
        told = self.get(f"/cis/{name}/missed")
        newest = [f"{one['number']},{one['patch_set']}" for one in told["patch_sets"]]
        return {"missed": (told["total"], told["due"]), "newest": newest[:8]}

    def incidents(self) -> Figures:
        found: Figures = {"open": {}, "ended": {}}
        for one in self.get("/incidents", state="all")["items"]:
            key = "ended" if one["resolved_at"] else "open"
            found[key][str(one["id"])] = (one["ci"], one["kind"])
        return found

    def history(self, name: str) -> Figures:
        told = self.get(f"/cis/{name}/history", days="7")["days"]
        passes, fails = (sum(one[key] for one in told) for key in ("passes", "fails"))
        quiet = sum(one["share"] is None for one in told)
        bars = [
            "·" if one["share"] is None else "▁▂▃▄▅▆▇█"[round(one["share"] * 7)] for one in told
        ]
        days = [(one["passes"], one["fails"], one["infra"]) for one in told]
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
        row = next(one for one in table_with(self.get("/"), "CI", "30 days") if one["CI"] == name)
        since, heard = (re.search(r"\[(.+?)\]", row[key]) for key in ("Since", "Last heard"))
        html = self.get(f"/ci/{name}")
        lead = html[html.index('id="headline"') : html.index("<section")]
        found: Figures = {"state": row["State"]}
        found["incidents"] = set(re.findall(r'href="[^"]*/incidents/(\d+)"', lead))
        found |= {"for": _ago(since[1])} if since else {}
        found |= {"heard": _ago(heard[1])} if heard else {}
        for signal in table_with(html, "Signal", "Figure"):
            if signal["Signal"] == "success":
                found |= self._rate(signal["Interval"], signal["n"])
        words = " ".join(re.sub(r"<[^>]+>", "", lead).split())
        if passed := re.search(SINCE_THEN, words):
            found["passed"] = (int(passed[1]), int(passed[2]))
            found["reference"] = (passed[3], int(passed[4]), int(passed[5]))
        return found

    def _rate(self, drawn: str, n: str) -> Figures:
        said = re.search(r"\[([\d.]+) %, 95 % interval ([\d.]+)–([\d.]+) %", drawn)
        assert said, drawn
        return {"rate": int(said[1]), "low": int(said[2]), "high": int(said[3]), "n": int(n)}

    def jobs(self, name: str) -> Figures:
        found: Figures = {}
        for row in table_with(self.get(f"/ci/{name}"), "Job", "Last pass"):
            passed = re.search(r"\[(.+?)\]", row["Last pass"])
            found[row["Job"]] = self._rate(row["Passed"], row["n"])
            found[row["Job"]]["last pass"] = _ago(passed[1]) if passed else None
        return found

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
        found: Figures = {"open": {}, "ended": {}}
        html = self.get("/incidents")
        cut = re.search(r"<h2[^>]*>[^<]*(?:Ended|ended|week)", html)
        assert cut, "where do the ended ones begin?"
        for key, part in (("open", html[: cut.start()]), ("ended", html[cut.start() :])):
            if has_table(part, "Incident", "Kind"):
                for row in table_with(part, "Incident", "Kind"):
                    found[key][row["Incident"].removeprefix("#")] = (row["CI"], row["Kind"])
        return found

    def history(self, name: str) -> Figures:
        """The days where the page has them as a table, else the totals of its thirty bars."""
        row = next(one for one in table_with(self.get("/"), "CI", "30 days") if one["CI"] == name)
        bars = re.search(
            r"30 days: (\d+) of (\d+) results passed, (\d+) days without", row["30 days"]
        )
        assert bars
        passes, ran, quiet = map(int, bars.groups())
        found: Figures = {"total": (passes, ran, quiet - 23)}  # the 23 days before the week
        html = self.get(f"/ci/{name}")
        if has_table(html, "Day", "Passed", "Failed"):
            rows = table_with(html, "Day", "Passed", "Failed")
            assert len(rows) == 30
            heads = ("Passed", "Failed", "Broke by itself")
            newest = [tuple(int(one[head]) for head in heads) for one in rows[:7]]
            found["days"] = newest[::-1]
        return found
