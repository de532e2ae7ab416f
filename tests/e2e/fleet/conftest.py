"""Two gateways beside the real Asterisk, a bot that talks, and calls between it and phones."""

from collections.abc import Iterator

import pytest

from tests.harness.e2e.ami import Ami
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.network import Network
from tests.harness.e2e.pair import Pair
from tests.harness.e2e.phone import Phone
from tests.harness.e2e.ports import held_port
from tests.harness.e2e.talks import CALLER_HZ, DBM0, VOICE, Talks
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.gateway import Gateway
from tests.harness.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def bot_port() -> Iterator[int]:
    """Give the port of the bot that the configured number leads to."""
    with held_port() as port:
        yield port


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    """Give the settings that a module changes in its gateways."""
    return {}


# Not for the whole session: the gateways would claim the inbound calls of other tests.
@pytest.fixture(scope="module")
def pair(
    asterisk: AsteriskServer,
    postgres: PostgresServer,
    bot_port: int,
    settings: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:
    """Give two gateways that run."""
    with Pair(tmp_path_factory.mktemp("pair"), asterisk, postgres, bot_port, settings) as running:
        yield running


@pytest.fixture
def bot(bot_port: int) -> Iterator[Bot]:
    """Give a bot that talks all the time on every stream."""
    with Bot(port=bot_port, says=VOICE) as the_bot:
        yield the_bot


@pytest.fixture
def talks(sipp: Network, phone: Phone, bot: Bot) -> Talks:
    """Give the maker of calls."""
    phone.play_tone(CALLER_HZ, DBM0)
    return Talks(sipp, phone, bot)


@pytest.fixture
def nothing_left(pair: Pair, ami: Ami) -> Iterator[None]:
    """Fail a test whose calls leave a channel, a lease, an open session or an unexpected failure behind.

    A gateway that a failed test has left dead is started again.
    """
    pair.start(*(each for each in (pair.second, pair.first) if not each.is_running))
    yield
    ami.wait_until_idle()
    eventually(lambda: not pair.counts.on_asterisks() and not pair.counts.places(), pair.counts.places)
    eventually(lambda: not pair.records.live(), pair.records.live)
    eventually(lambda: not pair.records.faults(), pair.records.faults)
    assert pair.first.complaints() + pair.second.complaints() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the gateways' logs with every test that fails."""
    report = yield
    for subject in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(subject, Pair):
            report.sections.append(("The gateways' logs", subject.logs()))
        elif report.failed and isinstance(subject, Gateway):
            report.sections.append(("The gateway's log", subject.log()))
    return report
