"""A small good configuration, which tests change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import SETTINGS

GOOD = """\
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:5038", username: exoswitch, secret: s3cret-of-pbx-10, host: 127.0.0.1}
trunks:
  - {name: lab, provider: sip, host: 127.0.0.1, port: 5070}
accounts:
  acme1: {api_key: k, api_token: t0ken-of-acme-10}
apps:
  "1001": {account: acme1, url: "ws://bot:pa55@127.0.0.1:9000/ws"}
numbers:
  "+918047491899": {account: acme1, app: "1001"}
"""


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Config]:
    """Write a text to a file and load it."""

    def from_text(text: str, **environ: str) -> Config:
        file = tmp_path / "exoswitch.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file, SETTINGS, environ)

    return from_text


@pytest.fixture
def problems(read: Callable[..., Config]) -> Callable[..., dict[str, str]]:
    """Load a bad text, and give its problems by path."""

    def from_text(text: str, **environ: str) -> dict[str, str]:
        with pytest.raises(ConfigError) as caught:
            read(text, **environ)
        found = {problem.path: problem.text for problem in caught.value.problems}
        assert len(found) == len(caught.value.problems), "one problem a path"
        return found

    return from_text
