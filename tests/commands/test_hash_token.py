"""The command that hashes a token."""

import io

import pytest

from exoswitch.cli import main
from exoswitch.credentials.token_hash import TokenHash


def test_a_token_from_the_input_is_hashed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("t0ken\n"))
    assert main(["hash-token"]) == 0
    printed = TokenHash.read(capsys.readouterr().out.strip())
    assert printed.matches(b"t0ken")


@pytest.mark.parametrize("text", ["", "\n", "a\tb\n"])
def test_no_token_is_refused(monkeypatch, capsys, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["hash-token"]) == 2
    assert "the token must be one line" in capsys.readouterr().err
