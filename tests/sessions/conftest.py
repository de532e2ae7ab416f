"""A store at work, on a clock that the test advances."""

import pytest

from tests.harness.keeper import Keeper


@pytest.fixture
def keeper(tmp_path):
    made = Keeper(tmp_path).start()
    yield made
    made.stop()
