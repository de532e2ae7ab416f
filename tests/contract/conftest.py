"""Redis, for whichever tests of this folder ask for it."""

from tests.harness.redis_server import patient_links, server  # noqa: F401 - fixtures
