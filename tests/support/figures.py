"""The four faces as a person or a script reads them: each takes the figures out of what it shows.

Percentages are whole numbers, as people read them; lengths of time are the
words that all faces use ("38 h"). A figure that a face shows nowhere is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

from flask.testing import FlaskClient

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question
from cibot.reports.text import span
from tests.support.history import NOW
from tests.support.tables import has_table, table_with

Figures = dict[str, Any]
_RATE = re.compile(r"([\d.]+) % \(([\d.]+)–([\d.]+) %, n=([\d,]+)")
_SINCE = re.compile(r" since (?:\w{3} |\d+ \w{3} )?\d\d:\d\d UTC \(([^)]+)\)")
_PATCH_SET = re.compile(r"\b(\d+),(\d+)\b")
STATES = ("silent", "failing", "degraded", "unknown", "healthy")


def _whole(share: float) -> int:
    return round(share * 100)


def _ago(moment: str) -> str:
    return span(NOW - datetime.fromisoformat(moment))


def _rate_in(text: str) -> Figures:
    found = _RATE.search(text)
    assert found, f"no rate in {text!r}"
    low, high = found[2], found[3]
    return {"rate": int(found[1]), "low": int(low), "high": int(high), "n": int(found[4])}


def _rate_of(told: dict[str, Any]) -> Figures:
    return {
        "rate": _whole(told["share"]), "low": _whole(told["low"]), "high": _whole(told["high"]),
        "n": told["n"],
    }  # fmt: skip


def _standing_in(text: str) -> Figures:
    told = re.search(
        r"Beside others: rank (\d+) of (\d+) CIs on (\S+) by pass rate; of (\d+) patch sets that"
        r" both judged in 7 d it passed (\d+), (\S+) (\d+)\.",
        " ".join(text.replace("\xa0", " ").split()),
    )
    assert told, text
    return {
        "rank": (int(told[1]), int(told[2]), told[3]),
        "both": (int(told[4]), int(told[5]), told[6], int(told[7])),
    }


class Sentences:
    """A face that answers in lines of words: the chat, and the shell where it does as the chat.

    ``say`` takes a question and returns its answer.
    """

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = cache(say)  # of one moment and one history: asked again, it says the same

    def status(self, name: str) -> Figures:
        text = self.say(f"status {name}")
        state = next(one for one in STATES if re.search(rf": [○■▲?●] {one}\b", text))
        found: Figures = {"state": state, "incidents": set(re.findall(r"incident #(\d+)", text))}
        if since := _SINCE.search(text):
            found["for"] = since[1]
        if "n=" in text:
            found |= _rate_in(text.replace("passed (", "("))
        if passed := re.search(r"(\d+) of (\d+) passed since then; (\S+) passed (\d+) %", text):
            found["passed"] = (int(passed[1]), int(passed[2]))
            found["reference"] = (passed[3], int(passed[4]))
        if last := re.search(r"last report (.+?) ago: (\w+) (\d+,\d+)", text):
            found |= {"heard": last[1], "last": (last[2], last[3])}
        return found

    def jobs(self, name: str) -> Figures:
        found: Figures = {}
        for row in self.say(f"jobs {name}").splitlines()[1:]:
            job, said = row.split(": ", 1)
            passed = re.search(r"last passed (.+?) ago", said)
            found[job] = _rate_in(said) | {"last pass": passed[1] if passed else None}
        return found

    def compare(self, first: str, second: str) -> Figures:
        text = self.say(f'compare "{first}" "{second}"')
        counts = re.search(
            r"Both passed (\d+), both failed (\d+); only .+? failed (\d+), only .+? failed (\d+)",
            text,
        )
        assert counts, text
        differ = text.partition("They differ on")[2]
        return {
            "counts": tuple(map(int, counts.groups())),
            "examples": [",".join(one) for one in _PATCH_SET.findall(differ)],
            **_rate_in(text),
        }

    def standing(self, name: str) -> Figures:
        return _standing_in(self.say(f"why {name}"))

    def missed(self, name: str) -> Figures:
        text = self.say(f"missed {name}")
        counts = re.search(r"missed (\d+) of (\d+) patch sets that (\S+) judged", text)
        assert counts, text
        newest = [",".join(one) for one in _PATCH_SET.findall(text)]
        return {"missed": (int(counts[1]), int(counts[2])), "newest": newest[:8]}

    def incidents(self) -> Figures:
        found = {"open": {}, "ended": {}}
        for number, ci, kind, rest in re.findall(
            r"#(\d+) (.+?) \((\w+)\)(.*)", self.say("incidents all")
        ):
            found["ended" if ": ended " in rest else "open"][number] = (ci, kind)
        return found

    def history(self, name: str) -> Figures:
        text = self.say(f"history {name} 7d")
        total = re.search(r"(\d+) of (\d+) passed, (\d+) days without results", text)
        bars = re.search(r" ([▁▂▃▄▅▆▇█·]{7}) ", text)
        assert total
        assert bars
        return {"total": tuple(map(int, total.groups())), "bars": bars[1]}


def chat(dispatcher: Dispatcher) -> Sentences:
    """What `cibot.chat` answers in a channel."""

    def say(words: str) -> str:
        asked = Question(words, Asker("bob"), Channel("irc", "#ci"), private=False)
        answer = dispatcher(asked)
        assert answer is not None
        assert not answer.error, answer.text()
        return answer.text()

    return Sentences(say)


class Shell(Sentences):
    """The command line in a pipe: the chat's sentences, and tables where the chat has lines."""

    def rows(self, words: str) -> list[dict[str, str]]:
        """The first table of an answer, cut at where its titles stand."""
        lines = self.say(words).splitlines()
        start = next(at for at, row in enumerate(lines) if re.search(r"\S {2,}\S+( {2,}|$)", row))
        rows = lines[start : lines.index("", start) if "" in lines[start:] else None]
        longest = max(map(len, rows))
        padded = [row.ljust(longest) for row in rows]
        edges = [0, *(at for at in range(1, longest) if self._edge(padded, at)), longest]
        cells = [[row[a:b].strip() for a, b in pairwise(edges)] for row in padded]
        return [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]

    def _edge(self, rows: list[str], at: int) -> bool:
        """Whether a column begins at ``at``: two blanks before it in every row."""
        begins = any(row[at] != " " for row in rows)
        return begins and all(row[max(0, at - 2) : at].isspace() for row in rows)

    def jobs(self, name: str) -> Figures:
        return {
            row["Job"]: {
                "rate": int(row["Passed"].removesuffix(" %")),
                "low": int(row["95 %"].split("–")[0]),
                "high": int(row["95 %"].split("–")[1].removesuffix(" %")),
                "n": int(row["n"]),
                "last pass": row["Last pass"].removesuffix(" ago"),
            }
            for row in self.rows(f"jobs {name}")
        }

    def incidents(self) -> Figures:
        found: Figures = {"open": {}, "ended": {}}
        for row in self.rows("incidents all"):
            key = "ended" if row["Is"].startswith("ended ") else "open"
            found[key][row["#"].removeprefix("#")] = (row["CI"], row["Kind"])
        return found

    def history(self, name: str) -> Figures:
        rows = self.rows(f"history {name} 7d")
        days = [tuple(int(row[key]) for key in ("Passed", "Failed", "Broke")) for row in rows]
        return super().history(name) | {"days": days}

    def listed(self) -> Figures:
        """Every CI as `cibot list` has it."""
        found: Figures = {}
        for row in self.rows("list"):
            one: Figures = {"state": row["State"].split()[1], "heard": row["Heard"]}
            one["incidents"] = set(re.findall(r"\d+", row["Open"]))
            one |= {"for": row["For"]} if row["For"] else {}
            if row["Passed"]:
                low, high = row["95 %"].removesuffix(" %").split("–")
                one |= {"rate": int(row["Passed"].removesuffix(" %")), "n": int(row["n"])}
                one |= {"low": int(low), "high": int(high)}
            found[row["CI"]] = one
        return found


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
            found["reference"] = (told["reference"], _whole(told["reference_rate"]["share"]))
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
        if passed := re.search(r"(\d+) of (\d+) passed since then; (\S+) passed (\d+) %", words):
            found["passed"] = (int(passed[1]), int(passed[2]))
            found["reference"] = (passed[3], int(passed[4]))
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
            **_rate_in(agree),
        }

    def standing(self, name: str) -> Figures:
        return _standing_in(self.get(f"/ci/{name}"))

    def missed(self, name: str) -> Figures:
        html = self.get(f"/ci/{name}")
        counts = re.search(r"(\d+) of (\d+)\s+patch sets that were due", html.replace("\xa0", " "))
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
