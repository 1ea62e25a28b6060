"""Chat and command line as a person reads them: each takes the figures out of what it shows.

The API and the pages are in `figures_web`.

Percentages are whole numbers, as people read them; lengths of time are the
words that all faces use ("38 h"). A figure that a face shows nowhere is absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

from cibot.chat.dispatch import Dispatcher
from cibot.chat.protocol import Asker, Channel, Question

Figures = dict[str, Any]
RATE = re.compile(r"([\d.]+) % \(([\d.]+)–([\d.]+) %, n=([\d,]+)")
SINCE_THEN = r"(\d+) of (\d+) passed since [^,;.]+, (\d+) % before"
SINCE = re.compile(r" since (?:\w{3} |\d+ \w{3} )?\d\d:\d\d UTC \(([^)]+)\)")
PATCH_SET = re.compile(r"\b(\d+),(\d+)\b")
STATES = ("silent", "failing", "degraded", "unknown", "healthy")


def rate_in(text: str) -> Figures:
    match = RATE.search(text)
    assert match, f"no rate in {text!r}"
    low, high = match[2], match[3]
    return {"rate": int(match[1]), "low": int(low), "high": int(high), "n": int(match[4])}


def standing_in(text: str) -> Figures:
    match = re.search(
        r"Compared with other CIs: rank (\d+) of (\d+) on (\S+) by pass rate; of (\d+) patch sets"
        r" that it and \S+ judged in 7 days it passed (\d+), (\S+) (\d+)\.",
        " ".join(text.replace("\xa0", " ").split()),
    )
    assert match, text
    return {
        "rank": (int(match[1]), int(match[2]), match[3]),
        "both": (int(match[4]), int(match[5]), match[6], int(match[7])),
    }


class Sentences:
    """A face that answers in lines of words: the chat, and the shell where it does as the chat.

    ``say`` takes a question and returns its answer.
    """

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = cache(say)  # of one moment and one history: asked again, it says the same

    def status(self, name: str) -> Figures:
        text = self.say(f"status {name}")
        state = next(word for word in STATES if re.search(rf": [○■▲?●] {word}\b", text))
        figures: Figures = {"state": state, "incidents": set(re.findall(r"incident #(\d+)", text))}
        if since := SINCE.search(text):
            figures["for"] = since[1]
        if "n=" in text:
            figures |= rate_in(re.sub(r"passed (?:where \S+ did )?(?:in \d+ days )?\(", "(", text))
        if passed := re.search(SINCE_THEN, text):
            figures["passed"] = tuple(map(int, passed.groups()))
        if last := re.search(r"last report (.+?) ago: (\w+) (\d+,\d+)", text):
            figures |= {"heard": last[1], "last": (last[2], last[3])}
        return figures

    def jobs(self, name: str) -> Figures:
        figures: Figures = {}
        for row in self.say(f"jobs {name}").splitlines()[1:]:
            job, said = row.split(": ", 1)
            passed = re.search(r"last passed (.+?) ago", said)
            figures[job] = rate_in(said) | {"last pass": passed[1] if passed else None}
        return figures

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
            "examples": [",".join(pair) for pair in PATCH_SET.findall(differ)],
            **rate_in(text),
        }

    def standing(self, name: str) -> Figures:
        return standing_in(self.say(f"why {name}"))

    def missed(self, name: str) -> Figures:
        text = self.say(f"missed {name}")
        counts = re.search(r"missed (\d+) of (\d+) chances to report", text)
        assert counts, text
        newest = [",".join(pair) for pair in PATCH_SET.findall(text)]
        return {"missed": (int(counts[1]), int(counts[2])), "newest": newest[:8]}

    def incidents(self) -> Figures:
        incidents = {"open": {}, "ended": {}}
        for number, ci, kind, rest in re.findall(
            r"#(\d+) (.+?) \((\w+)\)(.*)", self.say("incidents all")
        ):
            incidents["ended" if ": ended " in rest else "open"][number] = (ci, kind)
        return incidents

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
        incidents: Figures = {"open": {}, "ended": {}}
        for row in self.rows("incidents all"):
            key = "ended" if row["Is"].startswith("ended ") else "open"
            incidents[key][row["#"].removeprefix("#")] = (row["CI"], row["Kind"])
        return incidents

    def history(self, name: str) -> Figures:
        rows = self.rows(f"history {name} 7d")
        days = [tuple(int(row[key]) for key in ("Passed", "Failed", "Broke")) for row in rows]
        return super().history(name) | {"days": days}

    def listed(self) -> Figures:
        """Every CI as `cibot list` has it."""
        cis: Figures = {}
        for row in self.rows("list"):
            figures: Figures = {"state": row["State"].split()[1], "heard": row["Heard"]}
            figures["incidents"] = set(re.findall(r"\d+", row["Open"]))
            figures |= {"for": row["For"]} if row["For"] else {}
            if row["Passed"]:
                low, high = row["95 %"].removesuffix(" %").split("–")
                figures |= {"rate": int(row["Passed"].removesuffix(" %")), "n": int(row["n"])}
                figures |= {"low": int(low), "high": int(high)}
            cis[row["CI"]] = figures
        return cis
