"""`cibot check` against a real IRC server over TLS."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cibot.cli import main
from cibot.demo.review_server import ReviewServer
from tests.support.ngircd import Ngircd

pytestmark = pytest.mark.e2e


def test_it_logs_in_over_tls_and_tells_an_untrusted_certificate(
    tmp_path: Path, ngircd: Ngircd
) -> None:
    file = tmp_path / "cibot.toml"

    def output(trust: str) -> str:
        file.write_text(
            f'[store]\nurl = "sqlite:///{tmp_path}/cibot.db"\n'
            f'[web]\nlisten = "127.0.0.1:0"\n[[gerrit]]\nname = "g"\nurl = "{server.url}"\n'
            f'[[irc]]\nname = "net"\nhost = "localhost"\nport = {ngircd.tls_port}\n{trust}\n'
        )
        return CliRunner().invoke(main, ["check", "--config", str(file)]).output

    with ReviewServer() as server:
        right = output(f'ca_file = "{ngircd.ca}"')
        wrong = output("")
    assert f"✓ irc net: localhost:{ngircd.tls_port} over TLS: cibot is online" in right
    assert f"✗ irc net: the certificate of localhost:{ngircd.tls_port} is not trusted" in wrong
