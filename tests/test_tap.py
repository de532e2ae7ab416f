"""The wiring: what `twistd exoswitch` says when it cannot start, and how a gateway starts and stops."""

import gc
import resource
import socket
import time

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.logger import capturedLogs

from exoswitch.config.loader import load
from exoswitch.config.model import Config
from exoswitch.errors import CannotStart
from exoswitch.tap import Options, freeze_start, makeService, reserve_descriptors, use_monotonic_time
from exoswitch.trunks.registry import SETTINGS
from exoswitch.wiring import Gateway

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


def test_reactor_is_made_to_schedule_by_a_clock_that_never_steps_back():
    reactor = Clock()
    use_monotonic_time(reactor)
    before = reactor.seconds()
    assert before <= time.monotonic() <= before + 60


def test_what_exists_when_the_reactor_runs_is_not_collected_again():
    reactor = MemoryReactor()
    freeze_start(reactor)
    gc.collect()
    before = gc.get_freeze_count()
    started = [[] for _ in range(1000)]
    ((freeze, _, _),) = reactor.whenRunningHooks
    freeze()
    assert gc.get_freeze_count() - before >= len(started)


@pytest.mark.parametrize(
    ("soft", "hard", "then", "is_warned"),
    [
        (1024, 65536, 3384, False),
        (1024, resource.RLIM_INFINITY, 3384, False),
        (1024, 2048, 2048, True),
        (65536, 65536, None, False),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, False),
    ],
)
def test_all_calls_and_http_clients_may_have_their_descriptors(monkeypatch, soft, hard, then, is_warned):
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, pair: limits.append(pair))
    with capturedLogs() as log:
        reserve_descriptors(Config(asterisks=()))
    assert limits == ([] if then is None else [(then, hard)])
    assert bool(log) == is_warned


@pytest.fixture
def config(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = tmp_path / "exoswitch.yaml"
        path.write_text(CONFIG.format(port=taken.getsockname()[1]))
        yield load(path, SETTINGS, {})


@pytest.mark.loopback
async def test_http_port_that_is_taken_is_told_in_one_line(config, reactor):
    gateway = Gateway(config, reactor)
    gateway.privilegedStartService()
    with pytest.raises(CannotStart, match=r"http: .*Choose another port"):
        gateway.startService()
    await gateway.stopService()
