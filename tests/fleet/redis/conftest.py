"""A real Redis, for the tests of this folder that use it."""

from tests.harness.redis_server import server  # noqa: F401 - a fixture
