"""A real Redis, for the tests of this folder that use it."""

from tests.harness.redis_server import patient_links, server  # noqa: F401 - fixtures
