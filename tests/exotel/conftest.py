"""A whole stream, for whichever tests of this folder ask for one."""

import pytest

from tests.harness.exotel_talk import Talk


@pytest.fixture
def make():
    made = []

    def make(**options):
        made.append(Talk(**options))
        return made[-1]

    yield make
    for talk in made:
        talk.node.close()


@pytest.fixture
def talk(make):
    return make()
