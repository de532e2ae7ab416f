"""What every test gets: no error logged unseen, for a logged failure is a failed test."""

import gc
import os
from collections.abc import Iterator
from functools import cache

import _pytest.unittest
import pytest
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from tests.harness.postgres_server import postgres  # noqa: F401 - a fixture

# pytest 9 reads Twisted's version from its metadata anew for each test, which takes longer than most of our tests.
_pytest.unittest._get_twisted_version = cache(_pytest.unittest._get_twisted_version)


def collect() -> None:
    """Let what a test left behind be found; what survives is never looked at again, so that this stays cheap."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish() -> None:
    """Begin with nothing left behind."""
    collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a chroot where we are not root, and say so."""
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("e2e"):
                item.add_marker(pytest.mark.skip(reason="needs root, for chroot: sudo make test"))


@pytest.fixture(autouse=True)
def logged_failures(request: pytest.FixtureRequest) -> Iterator[list[LogEvent]]:
    """Fail a test that leaves a logged failure or an unhandled error in a Deferred behind.

    A test that provokes one on purpose asks for this fixture, checks the list, and clears it.
    """
    events: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if event.get("log_level") is LogLevel.critical or "log_failure" in event:
            events.append(event)

    globalLogPublisher.addObserver(observe)
    yield events
    collect()
    globalLogPublisher.removeObserver(observe)
    if events:
        details = "\n".join(str(event.get("log_failure") or event.get("log_format")) for event in events)
        pytest.fail(f"{len(events)} failures were logged:\n{details}")
