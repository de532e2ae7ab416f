"""A real gateway beside the real Asterisk, a bot for each test, and the check that a call leaves nothing behind."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.e2e.ami import Ami
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.bot import Bot, Stream
from tests.harness.e2e.gateway import ACCOUNT, API_KEY, API_TOKEN, GatewayProcess
from tests.harness.e2e.network import Network
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.ports import free_port, free_ports, held_port
from tests.harness.e2e.sipp import SippCall
from tests.harness.unlimited import UNLIMITED

EXOPHONE = "+918047491899"
NUMBER = "09812345678"
RING_S = 3
HANDSHAKE_S = 2
TIDY_WITHIN_S = 15.0
POLL_S = 0.05
LOOKS = 3


def gateway_config(
    asterisk: AsteriskServer,
    *,
    http_port: int,
    bot_port: int,
    trunk: str,
    ami: str | None = None,
    tick: str = "auto",
) -> str:
    """Write the gateway's configuration for this Asterisk; JSON is YAML. `ami` replaces Asterisk's own endpoint."""
    pbx = asterisk.config.asterisks[0]
    rtp_ports = free_ports(200)
    chosen = next(candidate for candidate in asterisk.config.trunks if candidate.name == trunk)
    config: dict[str, Any] = {
        "node": "gw1",
        "gateway": {"capacity": 40, "stop_wait_s": 1},
        "rtp": {
            "bind": "127.0.0.1",
            "advertise": "127.0.0.1",
            "ports": f"{rtp_ports[0]}-{rtp_ports[-1]}",
            "quarantine_s": 1,
            "tick": tick,
        },
        "http": f"tcp:{http_port}:interface=127.0.0.1",
        "sessions": "memory",
        "calls": {"ring_s": RING_S, "handshake_s": HANDSHAKE_S},
        "asterisks": [
            {
                "name": pbx.name,
                "ami": ami or pbx.ami,
                "username": pbx.username,
                "secret": pbx.secret,
                "host": pbx.host,
            }
            | {"capacity": pbx.capacity, "rtp_ports": f"{pbx.rtp_ports[0]}-{pbx.rtp_ports[-1]}"}
        ],
        "trunks": [{"name": trunk, "provider": "sip", "host": chosen.host, "port": chosen.port, "codecs": ["ulaw"]}],
        "private_networks": ["127.0.0.0/8"],
        "accounts": {ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, **UNLIMITED}},
        "apps": {"1001": {"account": ACCOUNT, "url": f"ws://127.0.0.1:{bot_port}/ws?lang=hi"}},
        "numbers": {EXOPHONE: {"account": ACCOUNT, "app": "1001"}},
    }
    return json.dumps(config, indent=1)


@pytest.fixture(scope="session")
def inbound_bot_port() -> Iterator[int]:
    """Give the port of the bot that the configured number leads to."""
    with held_port() as port:
        yield port


# Not for the whole session: the gateway would claim the inbound calls of other tests.
@pytest.fixture(scope="module")
def gateway(
    asterisk: AsteriskServer, inbound_bot_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """Give a gateway that dials on the trunk `lab`."""
    http_port = free_port()
    config = gateway_config(asterisk, http_port=http_port, bot_port=inbound_bot_port, trunk="lab")
    with GatewayProcess(tmp_path_factory.mktemp("gateway"), config, http_port) as process:
        yield process


@pytest.fixture
def bot() -> Iterator[Bot]:
    """Give a bot that listens, and says nothing by itself."""
    with Bot() as the_bot:
        yield the_bot


@pytest.fixture
def talking(gateway: GatewayProcess, sipp: Network, phone: Phone, bot: Bot) -> tuple[str, SippCall, Stream]:
    """Give an answered call: its SID, its SIPp side, and the bot's stream."""
    call = sipp.answer(phone)
    call_sid = gateway.place(NUMBER, bot.url)
    stream = bot.wait_for_stream()
    stream.wait_for("media", count=10)
    phone.wait_for_packets(5)
    return call_sid, call, stream


@pytest.fixture(autouse=True)
def nothing_left_behind(gateway: GatewayProcess, ami: Ami) -> Iterator[None]:
    """Fail a test whose calls left a socket, a delayed call or a channel behind, and hang these up."""
    before = _at_rest(gateway)
    yield
    deadline = time.monotonic() + TIDY_WITHIN_S
    while (left := _left_behind(before, gateway, ami)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    if left:
        ami.hang_up_all()
    assert not left, f"left behind: {left}\n{gateway.log()}"


def _at_rest(gateway: GatewayProcess) -> dict[str, list[str]]:
    """Give the most that it holds in a while: what it does every few seconds has no delayed call while it is done."""
    held: dict[str, Counter[str]] = {}
    for _ in range(LOOKS):
        for kind, items in gateway.holdings().items():
            held[kind] = held.get(kind, Counter()) | Counter(items)
    return {kind: list(items.elements()) for kind, items in held.items()}


def _left_behind(before: dict[str, list[str]], gateway: GatewayProcess, ami: Ami) -> list[str]:
    after = gateway.holdings()
    left = [item for kind in after for item in _beyond(after[kind], before[kind])]
    return left + [channel["Channel"] for channel in ami.channels()]


def _beyond(after: list[str], before: list[str]) -> list[str]:
    """Give what there is more of than before."""
    rest = list(after)
    for item in before:
        if item in rest:
            rest.remove(item)
    return rest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the gateway's log with every test that fails."""
    report = yield
    process = getattr(item, "funcargs", {}).get("dead_gateway") or getattr(item, "funcargs", {}).get("gateway")
    if report.failed and isinstance(process, GatewayProcess):
        report.sections.append(("The gateway's log", process.log()))
    return report


@pytest.fixture
def dead_gateway(asterisk: AsteriskServer, tmp_path: Path, inbound_bot_port: int) -> Iterator[GatewayProcess]:
    """Give a gateway whose only trunk is dead."""
    http_port = free_port()
    config = gateway_config(asterisk, http_port=http_port, bot_port=inbound_bot_port, trunk="dead")
    with GatewayProcess(tmp_path / "dead-gateway", config, http_port) as process:
        yield process


@pytest.fixture
def other_gateway(asterisk: AsteriskServer, tmp_path: Path, inbound_bot_port: int) -> GatewayProcess:
    """Give a second gateway that dials on the trunk `lab`, not yet started."""
    http_port = free_port()
    config = gateway_config(asterisk, http_port=http_port, bot_port=inbound_bot_port, trunk="lab")
    return GatewayProcess(tmp_path / "other-gateway", config, http_port)
