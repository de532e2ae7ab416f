"""Connections to bots in memory, for whichever tests of this folder ask for them."""

import pytest

from tests.harness.wire import Wire


@pytest.fixture
def wires():
    """Make wires; check at the end that no timer is left."""
    made = []

    def make(*args, **kwargs):
        made.append(Wire(*args, **kwargs))
        return made[-1]

    yield make
    for wire in made:
        if wire.listener.told in ([], ["opened"]):
            wire.connection.close(None)
            wire.reactor.advance(0)
            wire.reactor.advance(5)
            wire.reactor.advance(0)
        endings = [told for told in wire.listener.told if told != "opened"]
        assert len(endings) == 1
        wire.reactor.advance(60)
        assert wire.reactor.getDelayedCalls() == []
