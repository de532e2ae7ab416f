"""A switch on memory transports, with its far side."""

import pytest
from twisted.logger import globalLogPublisher

from tests.harness.ami_rig import switch_rig


@pytest.fixture
def rig():
    with switch_rig() as rig:
        yield rig


@pytest.fixture
def log():
    events: list[dict[str, object]] = []
    globalLogPublisher.addObserver(events.append)
    yield events
    globalLogPublisher.removeObserver(events.append)
