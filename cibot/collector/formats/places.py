"""The parts of a job line: its name, its URL, its duration."""

from __future__ import annotations

from cibot.collector.formats.text import duration_s, first_url, is_path, is_url, job_name

_MAX_NAME = 160


def duration_in(rest: str) -> float | None:
    """Seconds from what follows a result (``text in 1m 2s``), or None."""
    if not rest:
        return None
    if rest.startswith("in "):
        return duration_s(rest[3:])
    for before in (" in ", "took ", "after ", "elapsed ", "duration: ", "("):
        at = rest.rfind(before)
        if at >= 0:
            seconds = duration_s(rest[at + len(before) :].rstrip(")"))
            if seconds is not None:
                return seconds
    return duration_s(rest) if len(rest) < 20 else None


def name_and_url(left: str) -> tuple[str, str | None]:  # noqa: PLR0911 - one return a form
    """The job's name and URL from what stands before the result."""
    if left[-1:] in ")]>" and ("](" in left or "(" in left or "<" in left):
        return _wrapped(left)
    name, _, last = left.rpartition(" ")
    if is_url(last):
        if not name:
            return job_name(last), last
        return tidy(name), last
    if not name:
        named = job_name(last)
        if named:
            return named, last if is_path(last) else None
        return tidy(last), None
    if name == last or last.startswith("$"):
        return tidy(name), None
    if is_url(name.partition(" ")[0]):  # "URL job"
        return tidy(left.partition(" ")[2]), name.partition(" ")[0]
    if " " not in name and is_path(last):
        return tidy(name), last
    return tidy(left), None


def _wrapped(left: str) -> tuple[str, str | None]:
    """``[job](URL)``, ``job (URL)`` or ``job <URL>``."""
    url = first_url(left)
    if url is None:
        return tidy(left), None
    if left[0] == "[":
        name = left[1:].partition("]")[0]
        return (job_name(url) if is_url(name) else name.strip()), url
    name = left[: left.find(url)].rstrip("(<[ \t")
    return (tidy(name) or job_name(url)), url


def tidy(name: str) -> str:
    """A job's name without the marks that text puts around it."""
    name = name.strip()
    if name[-1:] in "—–-;|=":
        name = name.rstrip("—–-;|= ")
    name = name.strip("*`").rstrip(":").strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name[:_MAX_NAME]
