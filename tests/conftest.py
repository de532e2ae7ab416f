"""Rules for every test: a test leaves no logged failure, no delayed call and no open socket behind.

pytest-twisted runs the `async def` tests on the global reactor, which every such test gets as `reactor`.
"""

import functools
import gc
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _pytest.python
import _pytest.unittest
import pytest
from hypothesis import HealthCheck, settings
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

sys.path.append(str(Path(__file__).parents[1]))  # last: an installed exoswitch, with its compiled code, comes first

from tests.harness import leftovers
from tests.harness.postgres_server import postgres  # noqa: F401 - a fixture
from tests.harness.tls_ways import tls_way  # noqa: F401 - a fixture

PATIENCE_S = 60  # an `async def` test that takes longer fails
STOP_S = 20  # so does a test whose service takes longer to stop
SETTLE_S = 2

# Examples are the same in each run: no change fails for an older fault. `--hypothesis-profile=exploring` has others.
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same examples", settings.get_profile("exploring"), derandomize=True, database=None)
settings.load_profile("same examples")

# pytest 9 reads Twisted's version from its metadata for each test, which takes longer than most of our tests.
_pytest.unittest._get_twisted_version = functools.cache(_pytest.unittest._get_twisted_version)


def collect() -> None:
    """Find the garbage that a test leaves; freeze the other objects, so that the next collection stays cheap."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need chroot if we are not root."""
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("e2e"):
                item.add_marker(pytest.mark.skip(reason="needs root, for chroot: sudo make test"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start pytest-twisted if a chosen test needs the reactor, and begin without garbage."""
    if any(inspect.iscoroutinefunction(getattr(item, "obj", None)) for item in session.items):
        _start_pytest_twisted(session.config)
    collect()


def _start_pytest_twisted(config: pytest.Config) -> None:
    # pyproject.toml blocks the plugin: it would run the reactor in the unit tests too.
    import pytest_twisted
    from twisted.internet import reactor

    from exoswitch.process import use_monotonic_time

    use_monotonic_time(reactor)
    config.option.reactor = "default"
    config.pluginmanager.unblock("pytest_twisted")
    config.pluginmanager.register(pytest_twisted, "pytest_twisted")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Leave the `async def` tests to pytest-twisted, with a time-out; it cannot run tests of Hypothesis."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return _pytest.python.pytest_pyfunc_call(pyfuncitem)

    @functools.wraps(test)
    def driven(**arguments: object) -> "Deferred[None]":
        from twisted.internet import reactor

        return Deferred.fromCoroutine(test(**arguments)).addTimeout(PATIENCE_S, reactor)

    pyfuncitem.obj = driven
    return None


@pytest.fixture
def reactor() -> ReactorBase:
    """Give the reactor that runs the `async def` tests. Its time is monotonic."""
    from twisted.internet import reactor

    return reactor


@pytest.fixture
def serve(reactor: ReactorBase) -> Iterator[Callable[[Any], Any]]:
    """Give a function that starts a service and returns it; the service stops when the test ends."""
    started = []

    def start(service: Any) -> Any:
        service.startService()
        started.append(service)
        return service

    yield start
    for service in reversed(started):
        _wait_for(maybeDeferred(service.stopService).addTimeout(STOP_S, reactor))


def _wait_for(deferred: "Deferred[Any]") -> Any:
    import pytest_twisted

    return pytest_twisted.blockon(deferred)


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


@pytest.fixture(autouse=True)
def nothing_left_open(request: pytest.FixtureRequest, logged_failures: list[LogEvent]) -> Iterator[None]:
    """Fail a test that leaves a delayed call on a reactor of real sockets, or an open socket."""
    if request.node.get_closest_marker("fleet"):  # its simulated Asterisks outlive the test, with their calls
        yield
        return
    before = leftovers.begin()
    yield
    left = leftovers.since(before)
    if left and request.config.pluginmanager.has_plugin("pytest_twisted"):
        left = _wait_for(Deferred.fromCoroutine(_settled(before)))
    if left:
        pytest.fail("left behind:\n" + "\n".join(left))


async def _settled(before: set[object]) -> list[str]:
    """Let the reactor close the connections that the test has ended."""
    from twisted.internet import reactor

    deadline = reactor.seconds() + SETTLE_S
    while (left := leftovers.since(before)) and reactor.seconds() < deadline:
        await deferLater(reactor, 0.01)
    return left
