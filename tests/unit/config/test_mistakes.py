"""The texts that a person with a wrong file reads, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from cibot.config.load import read
from cibot.errors import ConfigError

GERRIT = '[[gerrit]]\nname = "g"\nurl = "https://g.example/"\n'
SLACK = '[[slack]]\nname = "w"\nbot_token = "xoxb-1"\nsigning_secret = "s"\n'
IRC = '[[irc]]\nname = "libera"\nhost = "irc.example"\nchannels = ["#a"]\n'

TOKEN = '[[token]]\nname = "a"\nhash = "sha256:' + "0" * 64 + '"\n'

UNQUOTED = (
    '2: store.url: write "mysql+pymysql://USER:PASSWORD@HOST/DATABASE"; in a name or '
    "password write %40 for @, %2F for /, %3F for ?, %23 for #, %5B for [ and %25 for %"
)
GOLDEN = [
    # unknown keys, at every level
    ("consol = true", "1: consol: there is no such key; did you mean `console`?"),
    ("[web]\nlissten = 'x:1'", "2: web.lissten: there is no such key; did you mean `listen`?"),
    (
        GERRIT + 'poll_evry = "5m"',
        "4: gerrit[0].poll_evry: there is no such key; did you mean `poll_every`?",
    ),
    (
        GERRIT + 'passwort_file = "x"',
        "4: gerrit[0].passwort_file: there is no such key; did you mean `password_file`?",
    ),
    (
        "[log]\nxyz = 1",
        "2: log.xyz: there is no such key; there is `level`, `format`",
    ),
    # missing ones stand where their section begins
    ('[[gerrit]]\nname = "g"', "1: gerrit[0].url: is missing; add `url = …`"),
    (
        '[[slack]]\nname = "w"\napp_token = "xapp-1"',
        '1: slack[0].bot_token: is missing; add `bot_token = …` or `bot_token_file = "PATH"`',
    ),
    # tokens
    (
        '[[token]]\nname = "a"',
        "1: token[0]: give `hash` or `secret_file`, one of them: see `cibot token NAME`",
    ),
    (
        '[[token]]\nname = "a"\nhash = "cibot_0123456789"',
        '3: token[0].hash: write "sha256:" and 64 hex digits, '
        "as `cibot token NAME` prints them; never the token",
    ),
    (
        '[[token]]\nname = "a"\nsecret = "short"',
        "3: token[0].secret: a token has at least 32 letters, digits and -._~+/=: "
        "`cibot token NAME` makes one",
    ),
    (TOKEN + 'role = "owner"', '4: token[0].role: an owner needs `owns`, like owns = ["Acme*"]'),
    (TOKEN + 'owns = ["*"]', '4: token[0].owns: counts with role = "owner" only'),
    (TOKEN + TOKEN, '5: token[1].name: "a" is taken already; names differ by more than case'),
    (
        TOKEN + TOKEN.replace('"a"', '"b"'),
        '6: token[1].hash: is the token of "a" already',
    ),
    (
        "[web]\nprivate = true",
        "2: web.private: without a token no one can read anything: add a [[token]]"
        " (`cibot token NAME`)",
    ),
    (
        '[web]\nprefix = "ci/"',
        '2: web.prefix: "ci/" does not do: write a path like "/cibot": '
        "a slash before it, none behind",
    ),
    (
        '[web]\npublic_url = "https://a.example/x/"\nprefix = "/ci"',
        "3: web.prefix: must be the end of `public_url`",
    ),
    # values
    (
        GERRIT + "poll_every = 300",
        "4: gerrit[0].poll_every: 300 does not do: "
        'a duration has a unit, like "5m", is longer than nothing and at most ten years',
    ),
    (
        GERRIT + 'poll_every = "five minutes"',
        '4: gerrit[0].poll_every: "five minutes" does not do: '
        'write a duration as a number and a unit, like "90s", "5m", "2h", "7d"',
    ),
    (
        '[[rule]]\nwithin = "25h"',
        '2: rule[0].within: "25h" does not do: reports are counted by 1h, 2h, 3h, 4h, 6h, 8h, 12h,'
        " 18h, 24h, 36h, 48h, 3d, 4d, 5d, 7d, 10d, 14d: take one of these",
    ),
    (
        GERRIT + 'projects = "all"',
        '4: gerrit[0].projects: "all" does not do: write a list, like ["one", "two"]',
    ),
    (
        GERRIT + 'projects = ["a",\n  5]',
        "5: gerrit[0].projects[1]: 5 does not do: write text in quotes",
    ),
    (
        '[[gerrit]]\nname = "g"\nurl = "review.example.org"',
        '3: gerrit[0].url: "review.example.org" does not do: '
        'write a whole URL, like "https://review.example.org/"',
    ),
    (
        '[[gerrit]]\nname = "g"\nurl = "https://me:hunter2@g.example/"',
        '3: gerrit[0].url: "https://…@g.example/" does not do: '
        "leave name and password out of the URL; they have keys of their own",
    ),
    (
        '[[gerrit]]\nname = "my gerrit"\nurl = "https://g.example/"',
        '2: gerrit[0].name: "my gerrit" does not do: '
        "a name has letters, digits, - . _ only, and at most 63 of them",
    ),
    ("[web]\npage_threads = 0", "2: web.page_threads: 0 does not do: write 1 or more"),
    (
        '[web]\npage_threads = "3"',
        '2: web.page_threads: "3" does not do: write 3, without quotes',
    ),
    ('[web]\nprivate = "yes"', '2: web.private: "yes" does not do: write true, without quotes'),
    ("[web]\npage_threads = 17", "2: web.page_threads: 17 does not do: write 16 or less"),
    *(
        (
            f'[web]\nlisten = "{listen}"',
            f'2: web.listen: "{listen}" does not do: write "HOST:PORT" alone, without http:// and'
            ' without a path, like "127.0.0.1:8080"',
        )
        for listen in ("http://0.0.0.0:80", "h:80/cibot", "8080", ":8080", "[::1:80", "h:99999")
    ),
    (
        '[log]\nlevel = "\\u001b[31mloud"',
        '2: log.level: "\\x1b[31mloud" does not do: '
        "write one of 'debug', 'info', 'warning' or 'error'",
    ),
    (
        'console = true\n[[summary]]\nchannel = "console/x"\nat = "9 o\'clock"',
        '4: summary[0].at: "9 o\'clock" does not do: '
        'write a time of day, like "09:00"; its zone goes to time_zone',
    ),
    (
        'console = true\n[[summary]]\nchannel = "console/x"\ntime_zone = "CEST/Berlin"',
        '4: summary[0].time_zone: "CEST/Berlin" does not do: '
        'write a time zone by its name, like "Europe/Berlin" or "UTC"',
    ),
    (
        'console = true\n[[route]]\nchannels = ["console"]',
        '3: route[0].channels[0]: "console" does not do: write a channel as NETWORK/ROOM, '
        'like "libera/#my-ci", "work/#ci-alerts", "console/here"',
    ),
    ("[[route]]\nchannels = []", "2: route[0].channels: name at least 1"),
    (
        '[[ci]]\nname = "x"\naccounts = [true]',
        "3: ci[0].accounts[0]: true does not do: write an account as its number (35648), "
        'or its username or e-mail in quotes ("acme-ci")',
    ),
    (
        IRC + '[[person]]\nname = "Mika"\naccounts = ["mika"]',
        '7: person[0].accounts[0]: "mika" does not do: write who somebody is as NETWORK:ACCOUNT, '
        'like "libera:mika" (the services account, not the nick) or "work:U012AB3CD" '
        "(the Slack member id)",
    ),
    (
        IRC + '[[person]]\nname = "Mika"\naccounts = ["libra:mika"]',
        '7: person[0].accounts[0]: no [[irc]] or [[slack]] has the name "libra"; '
        "did you mean `libera`?",
    ),
    (
        IRC + '[[person]]\nname = "A"\naccounts = ["libera:mika"]\n'
        '[[person]]\nname = "B"\naccounts = ["libera:Mika"]',
        '10: person[1].accounts[0]: "libera:Mika" is "A" already',
    ),
    (IRC.replace("libera", "cli"), '2: irc[0].name: "cli" stands for the commands of the shell; '
     "take another"),
    ("console = 'maybe'", '1: console: "maybe" does not do: write true or false, without quotes'),
    # shapes
    ('[gerrit]\nname = "g"', "1: gerrit: write its heading with two brackets: [[gerrit]]"),
    ("gerrit = [5]", "1: gerrit[0]: write its heading with two brackets: [[gerrit]]"),
    ("[[web]]\npage_threads = 2", "1: web: write it as a section with one pair of brackets: [web]"),
    # between keys
    (GERRIT + GERRIT.replace('"g"', '"G"'), '5: gerrit[1].name: "G" is taken already; '
     "names differ by more than case"),
    (
        IRC.replace("libera", "w") + SLACK,
        '6: slack[0].name: "w" is taken already; names differ by more than case',
    ),
    (GERRIT + 'username = "me"', "4: gerrit[0].username: needs `password`, too"),
    (GERRIT + 'password = "hunter2"', "4: gerrit[0].password: needs `username`, too"),
    (
        GERRIT + "poll = false",
        "4: gerrit[0].poll: nothing would be read from this server; "
        "poll it or give it a `webhook_token`",
    ),
    (
        GERRIT + 'webhook_token = "hunter2"',
        "4: gerrit[0].webhook_token: a webhook token has at least 16 characters: "
        "`openssl rand -hex 24` makes one",
    ),
    (
        GERRIT + 'webhook_token = "0123456789abcdef"',
        "4: gerrit[0].webhook_token: a webhook token holds at least 128 bits "
        "(32 hex digits, 22 letters and digits): `openssl rand -hex 24` makes one",
    ),
    (
        GERRIT + 'webhook_token = "hunter2/hunter2/hunter2"',
        "4: gerrit[0].webhook_token: a webhook token is part of a URL: "
        "letters, digits and - . _ ~ only",
    ),
    (
        GERRIT + 'ci_groups = ["CIs"]',
        "4: gerrit[0].ci_groups: Gerrit shows a group's members only after a login; "
        "add `username` and `password`",
    ),
    (
        GERRIT + 'ca_file = "none.pem"',
        "4: gerrit[0].ca_file: there is no file {folder}/none.pem",
    ),
    (
        GERRIT + '[[ci]]\nname = "x"\naccounts = [1]\ngerrit = "gg"',
        '7: ci[0].gerrit: no [[gerrit]] has the name "gg"; did you mean `g`?',
    ),
    (
        '[[ci]]\nname = "x"\naccounts = ["a"]\n[[ci]]\nname = "y"\naccounts = [\n  7,\n  "A"]',
        '8: ci[1].accounts[1]: account "A" is "x" already; one account is one CI',
    ),
    (
        GERRIT
        + 'discover = false\n[[ci]]\nname = "Zuul"\naccounts = [1]\n[[reference]]\nci = "Zul"',
        '9: reference[0].ci: no [[ci]] has the name "Zul"; did you mean `Zuul`?',
    ),
    (
        IRC + 'sasl_username = "bot"',
        "5: irc[0].sasl_username: needs `sasl_password`, too",
    ),
    (
        IRC + 'sasl_username = "bot"\nclient_cert = "none.pem"',
        "6: irc[0].client_cert: there is no file {folder}/none.pem",
    ),
    (
        IRC + 'prefix = "! ci"',
        '5: irc[0].prefix: "! ci" does not do: write a word without blanks, like "!ci"',
    ),
    (
        IRC + 'nick = "9to5"',
        '5: irc[0].nick: "9to5" does not do: a nick has at most 30 letters, digits and '
        "[ ] \\ ` _ ^ { | } -, and starts with no digit",
    ),
    (
        IRC.replace('"#a"', '"a"'),
        '4: irc[0].channels[0]: "a" does not do: '
        'write an IRC channel with its sign, like "#my-project-ci"',
    ),
    (
        SLACK.replace("signing_secret", "# "),
        "1: slack[0]: add `signing_secret` (Slack calls us over HTTP) or `app_token` "
        "(Socket Mode); without one no question arrives",
    ),
    (
        SLACK.replace("xoxb", "xapp"),
        "3: slack[0].bot_token: this token begins with `xoxb-`; it seems to be another",
    ),
    (
        IRC + '[[route]]\nchannels = ["libera/#A", "liberia/#a"]',
        '6: route[0].channels[1]: no [[irc]] or [[slack]] has the name "liberia"; '
        "did you mean `libera`?",
    ),
    (
        IRC + '[[route]]\nchannels = ["libera/#b", "libera/someone"]',
        '6: route[0].channels[0]: the bot does not join it: '
        'add "#b" to `channels` of "libera"',
    ),
    (
        '[[summary]]\nchannel = "console/here"',
        "2: summary[0].channel: `console = true` is missing",
    ),
    (
        "[judgement.success]\nfailing = 0.9\nminimum = 5",
        "2: judgement.success.failing: must be below `degraded`",
    ),
    (
        '[[judgement.override]]\ncis = ["A"]\nsuccess.failing = 0.9',
        "3: judgement.override[0].success.failing: must be below `degraded`",
    ),
    (
        '[judgement.success]\nwindow = "30d"',
        "1: judgement.success.reach: must not be below `window`",
    ),
    (
        "[judgement.silence]\ndoubt = 1",
        "2: judgement.silence.doubt: 1 does not do: write less than 1.0",
    ),
    (
        "[judgement.sucess]\nminimum = 5",
        "1: judgement.sucess: there is no such key; did you mean `success`?",
    ),
    (
        "[[judgement.success]]\nminimum = 5",
        "1: judgement.success: write it as a section with one pair of brackets: "
        "[judgement.success]",
    ),
    (
        '[store]\nurl = "postgresql://me:hunter2@db/x"',
        '2: store.url: write "sqlite:///PATH", "mysql+pymysql://USER:PASSWORD@HOST/DATABASE" '
        "or the same with mariadb+pymysql",
    ),
    *((f'[store]\nurl = "mysql+pymysql://me:hunt{odd}er2@db/x"', UNQUOTED) for odd in "@/#["),
    (
        '[store]\nurl = "sqlite:///:memory:"',
        '2: store.url: name a file, like "sqlite:///var/cibot.db": '
        "a database in memory is lost on stop",
    ),
]  # fmt: skip


def refused(folder: Path, text: str) -> str:
    file = folder / "cibot.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(file, {})
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("text", "expected"), GOLDEN)
def test_one_mistake_is_told_in_words(tmp_path: Path, text: str, expected: str) -> None:
    lines = refused(tmp_path, text).splitlines()
    assert lines == [
        "1 mistake in the configuration:",
        f"  {tmp_path}/cibot.toml:" + expected.replace("{folder}", str(tmp_path)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[web\n",
            "1: this is not TOML at column 5: expected ']' at the end of a table declaration",
        ),
        (
            "a = 1\nb = “x”\n",
            '2: this is not TOML at column 5: invalid value; quotes in TOML are straight: "',
        ),
        ("a = 1\na = 2\n", "2: this is not TOML at column 6: cannot overwrite a value"),
        ("a = 1\nb = [1,\n", "2: this is not TOML at the end of the file: invalid value"),
        ('at = 09:00:00Z\n', "1: this is not TOML at column 14: "
         "expected newline or end of document after a statement"),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    assert refused(tmp_path, text) == f"{tmp_path}/cibot.toml:{expected}"


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        '[[route]]\nchannels = ["nowhere/#x"]\nseverity = "bad"\n'
        + GERRIT
        + 'webhook_token = "short"\nusername = "u"\npoll_evry = "5m"\n[web]\npage_threads = "few"\n'
    )
    lines = refused(tmp_path, text).splitlines()
    assert lines[0] == "6 mistakes in the configuration:"
    places = [line.split(": ")[0].rpartition(":")[2] for line in lines[1:]]
    assert places == ["2", "3", "7", "8", "9", "11"]


def test_a_file_that_is_not_there_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file or directory; `cibot init URL`"):
        read(tmp_path / "cibot.toml", {})


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match=r"c.toml:1: is not text in UTF-8 \(byte 5\)"):
        read(tmp_path / "c.toml", {})


def test_lines_are_counted_in_files_from_other_systems(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"# one\r\n[web]\r\npage_threads = 0\r\n")
    with pytest.raises(ConfigError, match=r"c\.toml:3: web\.page_threads"):
        read(tmp_path / "c.toml", {})


@pytest.mark.parametrize(
    "text",
    [
        IRC + SLACK + '[[route]]\nchannels = ["libera/#A", "w/C012", "libera/nick"]',
        GERRIT + '[[reference]]\nci = "Found Later"',
        GERRIT + 'poll = false\nwebhook_token = "0123456789abcdef0123456789abcdef"',
        "",
    ],
)
def test_what_is_right_passes(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cibot.toml"
    file.write_text(text)
    file.chmod(0o600)
    assert read(file, {}).warnings == ()
