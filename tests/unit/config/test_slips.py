"""What people get wrong in a file besides its values: its bytes, its kind, another tool's ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cibot.config.load import Loaded, read
from cibot.errors import ConfigError

GERRIT = '[[gerrit]]\nname = "g"\nurl = "https://g.example/"\n'
SHELL_LIKE = (
    'patterns here are shell-like, like "openstack/*"; only `projects` of [[gerrit]] takes ^ and '
    "a regular expression"
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "cibot.toml"


def _read(path: Path, content: str | bytes, environ: Mapping[str, str] | None = None) -> Loaded:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, environ or {})


def _mistake(path: Path, content: str | bytes, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        _read(path, content, environ)
    return str(raised.value)


def test_a_mark_that_editors_on_windows_write_first_is_no_mistake(written: Path) -> None:
    assert _read(written, b"\xef\xbb\xbfconsole = true\r\n").config.console


def test_text_that_is_not_utf_8_is_named_with_its_line(written: Path) -> None:
    said = _mistake(written, b'[[ci]]\nname = "M\xfcller"\n')
    assert said == f"{written}:2: is not text in UTF-8 (byte 16); save it as UTF-8"


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory; name the file in it"):
        read(tmp_path, {})


def test_a_certificate_whose_name_is_too_long_is_not_there(written: Path) -> None:
    said = _mistake(written, f'[client]\nca_file = "{"x" * 300}"\n')
    assert f"there is no file {written.parent}/xxx" in said


def test_a_file_of_many_megabytes_is_not_read_to_its_end(written: Path) -> None:
    said = _mistake(written, b"# " + b"x" * 3_000_000)
    assert "larger than 1 MiB" in said


def test_brackets_without_an_end_raise_nothing_else(written: Path) -> None:
    said = _mistake(written, "a = " + "[" * 5000 + "]" * 5000)
    assert said == f"{written}: brackets are nested too deeply; close each one"


@pytest.mark.parametrize("value", ["${HUNTER}", "$HUNTER", "%HUNTER%", "{{ hunter }}"])
def test_variables_of_a_shell_or_template_are_not_taken_for_the_secret(
    written: Path, value: str
) -> None:
    said = _mistake(written, GERRIT + f'username = "u"\npassword = "{value}"\n')
    assert said.endswith(
        ":5: gerrit[0].password: variables are not replaced here; leave the key out and set it by"
        " a CIBOT_… variable (CIBOT_GERRIT__G__PASSWORD)"
    )
    assert "hunter" not in said.lower()


def test_a_variable_in_small_letters_is_not_passed_over(written: Path) -> None:
    said = _mistake(written, "", {"cibot_store__url": "sqlite:///x"})
    assert said.endswith("cibot_store__url: is not read: write its name in capitals, "
                         "CIBOT_STORE__URL")  # fmt: skip


def test_a_key_of_another_section_is_sent_there(written: Path) -> None:
    said = _mistake(written, GERRIT + 'public_url = "https://x.example/"\n')
    assert said.endswith("gerrit[0].public_url: there is no such key; it belongs to [web]")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^(a", "is not a regular expression: missing ), unterminated subpattern at position 0"),
        ("^*a", "is not a regular expression: nothing to repeat at position 0"),
        ("^(?!a).*", "Gerrit's regular expressions do not know '(?'"),
    ],
)
def test_a_regular_expression_of_projects_is_tried(written: Path, pattern: str, why: str) -> None:
    said = _mistake(written, GERRIT + f"projects = ['x/*', '{pattern}']\n")
    assert f"{written}:4: gerrit[0].projects[1]: " in said
    assert why in said


@pytest.mark.parametrize("pattern", ["^openstack/.*", "openstack/.*", "main$", ".*"])
@pytest.mark.parametrize(
    "section",
    ['[[ci]]\nname = "A"\naccounts = [1]\n', '[[reference]]\nci = "A"\n', "[[rule]]\n"],
)
def test_a_regular_expression_where_patterns_are_shell_like_is_named(
    written: Path, section: str, pattern: str
) -> None:
    said = _mistake(written, f"{section}projects = ['{pattern}']\n")
    assert SHELL_LIKE in said


def test_a_dot_in_a_name_is_a_dot(written: Path) -> None:
    _read(written, "[[rule]]\nprojects = ['a.b/*', '*.wiki']\nbranches = ['stable/2.*']\n")


def test_a_reference_that_is_nearly_a_ci_is_doubted(written: Path) -> None:
    loaded = _read(
        written, GERRIT + '[[ci]]\nname = "Zuul"\naccounts = [1]\n[[reference]]\nci = "Zul"\n'
    )
    assert loaded.warnings == (
        f'{written}:8: reference[0].ci: no [[ci]] has the name "Zul"; did you mean `Zuul`?',
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hunter\0two", "holds characters that no keyboard writes; is it the right file?"),
        ("hunter".encode("utf-16"), "is not text in UTF-8"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_and_not_shown(
    written: Path, content: bytes, why: str
) -> None:
    (written.parent / "kept").write_bytes(content)
    said = _mistake(written, GERRIT + 'username = "u"\npassword_file = "kept"\n')
    assert f":5: gerrit[0].password_file: {written.parent / 'kept'} {why}" in said
    assert "hunter" not in said


def test_a_mark_before_a_secret_is_none_of_it(written: Path) -> None:
    (written.parent / "kept").write_bytes(b"\xef\xbb\xbfhunter\r\n")
    loaded = _read(written, GERRIT + 'username = "u"\npassword_file = "kept"\n')
    password = loaded.config.gerrit[0].password
    assert password is not None
    assert password.get_secret_value() == "hunter"


def test_a_path_that_a_shell_would_replace_is_said_to_be_none(written: Path) -> None:
    said = _mistake(written, GERRIT + 'username = "u"\npassword_file = "~/kept"\n')
    assert said.endswith("No such file or directory; ~ and variables are not replaced here")


def test_one_server_is_not_read_twice(written: Path) -> None:
    again = GERRIT.replace('"g"', '"h"').replace("example/", "EXAMPLE")
    said = _mistake(written, GERRIT + again)
    assert said.endswith(':6: gerrit[1].url: is the server of "g" already; take one out')


EXAMPLE = Path("config/cibot.example.toml").read_text().splitlines()


def test_a_value_of_another_kind_is_named_with_its_line_whatever_the_key(written: Path) -> None:
    section, tried = "", 0
    for number, text in enumerate(EXAMPLE):
        section = text if text.startswith("[") else section
        key = re.match(r"(\w+) += (?!\[[^\]]*$)", text)  # not of several lines
        if key is None or section.startswith("[judgement"):  # all alike, and many
            continue
        lines = [*EXAMPLE[:number], f"{key[1]} = [[]]", *EXAMPLE[number + 1 :]]
        said = _mistake(written, "\n".join(lines))
        assert f"{written}:{number + 1}: " in said, f"{section} {key[1]}: {said}"
        tried += 1
    assert tried > 60


@pytest.mark.parametrize(
    ("content", "place", "remedy"),
    [
        (GERRIT + 'username = "u"\npassword = " "', "5: gerrit[0].password", "is empty"),
        (
            '[[slack]]\nname = "w"\nbot_token = "xoxb-1"\nsigning_secret = ""',
            "4: slack[0].signing_secret", "is empty",
        ),
        ("[web]\npage_threads = true", "2: web.page_threads", "write a number"),
        ('console = true\n[[route]]\nchannels = ["console/a"]\nkinds = []', "4: route[0].kinds",
         "fits nothing"),
        ('console = true\n[[route]]\nchannels = ["console/a"]\ncis = []', "4: route[0].cis",
         "fits nothing"),
        ('console = true\n[[summary]]\nchannel = "console/a"\ndays = []', "4: summary[0].days",
         "fits nothing"),
    ],
)  # fmt: skip
def test_what_would_be_taken_and_nobody_means_is_a_mistake(
    written: Path, content: str, place: str, remedy: str
) -> None:
    said = _mistake(written, content)
    assert f":{place}: " in said
    assert remedy in said


def test_a_name_that_is_suggested_breaks_no_line(written: Path) -> None:
    named = GERRIT.replace('"g"', r'"g\n\u001b[31m"')
    said = _mistake(written, f'{named}[[ci]]\nname = "a"\naccounts = ["a"]\ngerrit = "x"')
    assert "\x1b" not in said
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    "unseen",
    "\u200b\u202e\ufeff\u2060\x85\u200e\u200f\u061c\u00ad\u2028\u3164\u200c\u200d\ufe0f\u034f",
)
def test_a_name_with_what_nobody_sees_is_a_mistake(written: Path, unseen: str) -> None:
    """Pasted from a page: nobody could type it, and it would stand beside its double."""
    pasted = f'{GERRIT}[[ci]]\nname = "Zu{unseen}ul"\naccounts = ["zuul"]\n'
    assert "none of them invisible" in _mistake(written, pasted)


def test_a_name_is_written_as_its_language_writes_it(written: Path) -> None:
    """Joiners of Persian and of emoji are seen by what they do to the letters beside them."""
    for name in ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u2764\ufe0f\u200d\U0001f525 CI"):
        loaded = _read(written, f'{GERRIT}[[ci]]\nname = "{name}"\naccounts = ["a"]\n')
        assert loaded.config.ci[0].name == name
