"""The rig: a real Asterisk for the whole session; a phone and a telephone network for each test."""

import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exoswitch.asterisk import dialplan as asterisk_dialplan
from exoswitch.config.model import CallsConfig
from tests.harness.e2e.ami import Ami
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer, lab_config
from tests.harness.e2e.network import Network
from tests.harness.e2e.phone import Phone

CAPACITY = 50
FULL_TONE_S = 1.5
UNCLAIMED_S = 5  # in place of twenty, to keep tests short


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskServer]:
    """Give an Asterisk that runs with the rendered configuration of `asterisk.config`."""
    root = asterisk_root(lambda line: print(line, file=sys.__stderr__, flush=True))
    # Asterisk has no such sound. A caller who is turned away then misses only the announcement.
    calls = CallsConfig(full_message="no-such-sound", full_tone_s=FULL_TONE_S)
    server = AsteriskServer(root, tmp_path_factory.mktemp("asterisk"), lab_config(CAPACITY, calls))
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asterisk_dialplan, "UNCLAIMED_S", UNCLAIMED_S)
            stack.enter_context(server)
        yield server


@pytest.fixture(scope="session")
def _network_ami(asterisk: AsteriskServer) -> Iterator[Ami]:
    with asterisk.login() as session:
        yield session


@pytest.fixture
def ami(asterisk: AsteriskServer) -> Iterator[Ami]:
    """Give a separate AMI session with the gateway's rights and event filters."""
    with asterisk.login() as session:
        yield session


@pytest.fixture
def phone() -> Iterator[Phone]:
    """Give the phone at the far end of the trunk: its audio, in and out."""
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
