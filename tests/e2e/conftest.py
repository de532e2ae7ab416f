"""The rig: a real Asterisk for the whole session; a phone and a telephone network for each test."""

import secrets
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exoswitch.ami import asterisk_dialplan
from exoswitch.config.model import AsteriskConfig, CallsConfig, Config, TrunkConfig
from tests.e2e.ami import Ami
from tests.e2e.asterisk_root import asterisk_root
from tests.e2e.asterisk_server import AsteriskServer
from tests.e2e.network import Network
from tests.e2e.phone import Phone
from tests.e2e.ports import free_port, free_ports

CAPACITY = 50
FULL_TONE_S = 1.5
UNCLAIMED_S = 3  # in place of twenty, so that a test need not wait so long


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskServer]:
    """Give an Asterisk that runs with the rendered configuration of `asterisk.config`."""
    root = asterisk_root(lambda line: print(line, file=sys.__stderr__, flush=True))
    pbx = AsteriskConfig(
        name="pbx1",
        ami=f"tcp:127.0.0.1:{free_port()}",
        username="exoswitch",
        secret=secrets.token_urlsafe() + ";#",
        host="127.0.0.1",
        capacity=CAPACITY,
        sip=f"127.0.0.1:{free_port()}",
        rtp_ports=free_ports(4 * CAPACITY),
    )
    trunks = (
        TrunkConfig(name="lab", provider="sip", host="127.0.0.1", port=free_port(), codecs=("ulaw",), cps=50.0),
        TrunkConfig(name="dead", provider="sip", host="127.0.0.2", port=free_port(), codecs=("ulaw",), cps=50.0),
    )
    # Asterisk has no such sound, which must cost a caller who is turned away nothing but the words.
    calls = CallsConfig(full_message="no-such-sound", full_tone_s=FULL_TONE_S)
    config = Config(asterisks=(pbx,), trunks=trunks, calls=calls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asterisk_dialplan, "UNCLAIMED_S", UNCLAIMED_S)
        with AsteriskServer(root, tmp_path_factory.mktemp("asterisk"), config) as server:
            yield server


@pytest.fixture(scope="session")
def _network_ami(asterisk: AsteriskServer) -> Iterator[Ami]:
    with asterisk.login() as session:
        yield session


@pytest.fixture
def ami(asterisk: AsteriskServer) -> Iterator[Ami]:
    """Give an AMI session of the test's own, with the gateway's rights and event filters."""
    with asterisk.login() as session:
        yield session


@pytest.fixture
def phone() -> Iterator[Phone]:
    """Give the phone of the person at the far end of the trunk: its audio, in and out."""
    with Phone() as the_phone:
        yield the_phone


@pytest.fixture
def sipp(asterisk: AsteriskServer, _network_ami: Ami, tmp_path: Path) -> Iterator[Network]:
    """Give the telephone network behind the trunk `lab`."""
    with ExitStack() as stack:
        yield Network(asterisk, _network_ami, tmp_path, stack)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show Asterisk's log with every test that fails."""
    report = yield
    server = getattr(item, "funcargs", {}).get("asterisk")
    if report.failed and isinstance(server, AsteriskServer):
        report.sections.append(("Asterisk's log", server.log()))
    return report
