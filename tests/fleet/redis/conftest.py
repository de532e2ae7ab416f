"""Redis, for whichever tests of this folder ask for it."""

from tests.harness.redis_server import server  # noqa: F401 - a fixture
