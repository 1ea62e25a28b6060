import pytest

from cibot.errors import ConfigError
from cibot.text.projects import in_projects, project_filter


def test_a_pattern_becomes_a_regular_expression_without_backslashes():
    assert in_projects([]) == ""
    assert in_projects(["a.b"]) == '(project:"a.b")'
    assert in_projects(['x"*.y']) == '(project:"^x.*[.]y")'
    assert in_projects(["x[!ab]-?"]) == '(project:"^x[^ab]-.")'
    assert in_projects(["a", "*"]) == ""
    assert in_projects(["a", "^b.*"]) == '(project:"a" OR project:"^b.*")'


@pytest.mark.parametrize(
    ("pattern", "asked", "fits", "not_fits"),
    [
        # What each is asked as was tried on Gerrit 3.13.5.
        (r"^c\+\+/lib", "^c[+][+]/lib", ["c++/lib"], ["c/lib", "c++/lib2"]),
        (r"^a\.b$", "^a[.]b$", ["a.b"], ["axb"]),
        (r"^lib-\d+", "^lib-[0-9]+", ["lib-12"], ["lib-x"]),
        (r"^[\w.]+/\w*", "^[A-Za-z0-9_.]+/[A-Za-z0-9_]*", ["a.b/c_9"], ["a+/c"]),
        (r"^(?:a|b)/.*?", "^(a|b)/.*", ["a/x", "b/"], ["c/x"]),
        (r"^c#/lib", "^c[#]/lib", ["c#/lib"], ["c/lib"]),
        (r"^[a-c#+]+/lib", "^[a-c#+]+/lib", ["c++/lib", "c#/lib"], ["d/lib"]),
    ],
)
def test_a_regular_expression_polls_what_it_matches(pattern, asked, fits, not_fits):
    assert in_projects([pattern]) == f'(project:"{asked}")'
    wanted = project_filter([pattern])
    assert [name for name in [*fits, *not_fits] if wanted(name)] == fits


@pytest.mark.parametrize("pattern", [r"^(?!x).*", r"^a\b", r"^(?=a).*", "^x\\"])
def test_what_gerrit_cannot_be_asked_is_refused_by_name(pattern):
    with pytest.raises(ConfigError, match="Gerrit's regular expressions do not know"):
        in_projects([pattern])
    with pytest.raises(ConfigError):
        project_filter([pattern])


def test_the_filter_takes_what_the_query_asks_for() -> None:
    def taken(*patterns: str) -> list[str]:
        names = ["a", "a/b", "a.b", "axb", "lib-x", "A"]
        return list(filter(project_filter(patterns), names))

    assert taken() == taken("*") == ["a", "a/b", "a.b", "axb", "lib-x", "A"]
    assert taken("a") == ["a"]
    assert taken("a*") == ["a", "a/b", "a.b", "axb"]
    assert taken("a.*") == ["a.b"]
    assert taken("a[!x]b", "lib-?") == ["a/b", "a.b", "lib-x"]
    assert taken("^a.b$", "A") == ["a/b", "a.b", "axb", "A"]
    with pytest.raises(ConfigError, match="is not a regular expression"):
        project_filter(["^a("])
