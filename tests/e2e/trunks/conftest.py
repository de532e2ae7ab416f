"""One carrier, one Asterisk and one gateway with all trunks of these tests, and a bot that echoes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exoswitch.asterisk import pjsip_trunk
from tests.harness import leftovers
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.lab import Lab
from tests.harness.carrier.pairs import Pairs
from tests.harness.carrier.rig import asterisk_section, gateway_file, http_port, loaded
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import GatewayProcess
from tests.harness.fleet.fleet import eventually

QUICK_RETRY = (
    ("retry_interval", 1),
    ("forbidden_retry_interval", 2),
    ("fatal_retry_interval", 2),
    ("max_retries", 1_000_000),
    ("auth_rejection_permanent", "no"),
    ("max_random_initial_delay", 0),
)


@pytest.fixture(scope="session")
def carrier() -> Iterator[Carrier]:
    """Give the carrier."""
    with Carrier() as started:
        yield started
        assert started.errors == []


@pytest.fixture(scope="session")
def lab(carrier: Carrier, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Give the trunks of the carrier."""
    return Lab(carrier, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def pairs(lab: Lab) -> Pairs:
    """Give the pairs of trunks."""
    return lab.pairs


@pytest.fixture(scope="session")
def bot() -> Iterator[Bot]:
    """Give a bot that echoes."""
    with Bot(echoes=True) as the_bot:
        yield the_bot


@pytest.fixture(scope="session")
def file(lab: Lab, bot: Bot) -> Path:
    """Give the configuration of the gateway and of its Asterisk."""
    return gateway_file(lab.folder, asterisk_section(), lab.pairs.entries, bot_port=bot.port)


@pytest.fixture(scope="session")
def asterisk(lab: Lab, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskServer]:
    """Give an Asterisk with all trunks, which registers again sooner than usual."""
    folder, own = tmp_path_factory.mktemp("asterisk"), {"authority": lab.authority, "nameserver": lab.nameserver}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pjsip_trunk, "_NEVER_ENDING", QUICK_RETRY)
        with AsteriskServer(asterisk_root(), folder, loaded(file), **own) as server:
            yield server


@pytest.fixture(scope="session")
def gateway(asterisk: AsteriskServer, file: Path) -> Iterator[GatewayProcess]:
    """Give the gateway."""
    with GatewayProcess(file.parent / "gateway", file.read_text(), http_port(file)) as process:
        yield process


@pytest.fixture(autouse=True)
def nothing_left_open(carrier: Carrier, gateway: GatewayProcess) -> Iterator[None]:
    """Fail a test that leaves a socket behind; Asterisk keeps its own connections to the carrier."""
    before = leftovers.begin()
    yield
    eventually(lambda: not _left(before, carrier), lambda: f"left behind: {_left(before, carrier)}")


def _left(before: set[object], carrier: Carrier) -> list[str]:
    return [one for one in leftovers.since(before) if one not in carrier.connections()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the carrier's last messages and the gateway's log with every test that fails."""
    report = yield
    given = getattr(item, "funcargs", {})
    if report.failed and isinstance(given.get("carrier"), Carrier):
        report.sections.append(("The carrier's messages", given["carrier"].story()))
    if report.failed and isinstance(given.get("gateway"), GatewayProcess):
        report.sections.append(("The gateway's log", given["gateway"].log()[-8000:]))
    return report
