"""The bots: programs as a customer would write them, each started once for all its calls."""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.harness.clients.bot_program import BotProgram


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip pipecat's tests where it is not installed, and say so."""
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
