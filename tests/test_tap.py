"""The wiring: what `twistd exoswitch` says when it cannot start, and how a gateway starts and stops."""

import socket

import pytest

from exoswitch.config.loader import load
from exoswitch.errors import CannotStart
from exoswitch.rtp import planes
from exoswitch.tap import Options, makeService
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring.gateway import Gateway

CONFIG = """
http: "tcp:{port}:interface=127.0.0.1"
rtp: {{bind: 127.0.0.1, ports: 20000-29999}}
asterisks:
  - {{name: pbx1, ami: "tcp:127.0.0.1:1", username: exoswitch, secret: hush, host: 127.0.0.1}}
"""


def options_for(path):
    options = Options()
    options.parseOptions(["--config", str(path)])
    return options


def test_configuration_that_is_wrong_ends_the_program_with_all_its_problems(tmp_path):
    path = tmp_path / "exoswitch.yaml"
    path.write_text("asterisks: 5\ntrnuks: []\n")
    with pytest.raises(SystemExit) as ended:
        makeService(options_for(path))
    for words in ("asterisks", "trnuks", "trunks", "check-config"):
        assert words in str(ended.value)


def test_a_compiled_plane_that_is_wanted_and_not_installed_ends_the_program_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(planes, "_compiled", lambda: None)
    path = tmp_path / "exoswitch.yaml"
    path.write_text(CONFIG.format(port=8080).replace("20000-29999", "20000-29999, plane: compiled"))
    with pytest.raises(SystemExit, match="this install has no compiled media plane"):
        makeService(options_for(path))


@pytest.mark.parametrize(
    ("tick", "problem"),
    [
        ("thred", "rtp.tick: must be one of auto, reactor, thread; did you mean 'thread'? (it is 'thred')"),
        ("[thread]", "rtp.tick: must be a single value, not a list"),
        ("thread, plane: python", "rtp.tick: is thread, and rtp.plane is python: only the compiled"),
        ("thread", "rtp.tick is thread, and a thread can run the compiled media plane only"),
    ],
)
def test_place_of_the_tick_that_cannot_be_ends_the_program_with_its_remedy(tmp_path, monkeypatch, tick, problem):
    monkeypatch.setattr(planes, "_compiled", lambda: None)
    path = tmp_path / "exoswitch.yaml"
    path.write_text(CONFIG.format(port=8080).replace("20000-29999", f"20000-29999, tick: {tick}"))
    with pytest.raises(SystemExit) as ended:
        makeService(options_for(path))
    assert problem in str(ended.value)


@pytest.fixture
def config(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = tmp_path / "exoswitch.yaml"
        path.write_text(CONFIG.format(port=taken.getsockname()[1]))
        yield load(path, SETTINGS, {})


@pytest.mark.loopback
async def test_http_port_that_is_taken_is_told_in_one_line(config, reactor):
    gateway = Gateway(config, reactor, pytest.fail)
    gateway.privilegedStartService()
    with pytest.raises(CannotStart, match=r"http: .*Choose another port"):
        gateway.startService()
    await gateway.stopService()
