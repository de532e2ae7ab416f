"""The bots: programs as a customer writes them. Each is started once for all its calls."""

import importlib.util
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.wiring.gateway import Gateway
from tests.harness.clients.bot_program import BotProgram
from tests.harness.clients.phone_call import PhoneCall, gateway_config


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip pipecat's tests if it is not installed."""
    if importlib.util.find_spec("pipecat") is None:
        for item in items:
            if item.get_closest_marker("pipecat"):
                item.add_marker(pytest.mark.skip(reason="pipecat-ai is not installed: pip install -e .[pipecat]"))


@pytest.fixture(scope="session")
def guide_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProgram]:
    """Give the bot that was written from Exotel's guide."""
    with BotProgram("guide", tmp_path_factory.mktemp("guide")) as program:
        yield program


@pytest.fixture(scope="session")
def pipecat_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProgram]:
    """Give the bot on pipecat-ai."""
    with BotProgram("pipecat", tmp_path_factory.mktemp("pipecat")) as program:
        yield program


@pytest.fixture(
    params=[
        pytest.param("guide", marks=pytest.mark.loopback),
        pytest.param("pipecat", marks=pytest.mark.pipecat),
    ]
)
def bot(request: pytest.FixtureRequest) -> BotProgram:
    """Give each of the bots."""
    program: BotProgram = request.getfixturevalue(f"{request.param}_bot")
    return program


@pytest.fixture
def dial(reactor: Any, serve: Callable[[Any], Any]) -> Callable[..., Coroutine[Any, Any, PhoneCall]]:
    """Give a function that calls a phone, which follows a script, and leads it to a bot."""

    async def dial(bot: BotProgram, script: str, query: str = "") -> PhoneCall:
        asterisk = serve(SimulatedAsterisk(reactor=reactor, script=read_script(script)))
        gateway = serve(Gateway(gateway_config(asterisk), reactor, pytest.fail))
        return await PhoneCall(reactor, asterisk, gateway, bot).dial(bot.url + query)

    return dial


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the bot's log with every test that fails."""
    report = yield
    for subject in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(subject, BotProgram):
            report.sections.append(("The bot's log", subject.log()))
    return report
