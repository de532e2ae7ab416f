"""Outages of the servers of a fleet: context managers, with the server away inside."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness.fleet.fleet import Fleet


@contextmanager
def redis_stopped(fleet: Fleet) -> Iterator[None]:
    """Redis crashes, and starts again without data."""
    fleet.redis.stop()
    yield
    fleet.redis.start()


@contextmanager
def redis_paused(fleet: Fleet) -> Iterator[None]:
    """Redis accepts everything and answers nothing."""
    fleet.redis.pause()
    yield
    fleet.redis.resume()


@contextmanager
def postgres_stopped(fleet: Fleet) -> Iterator[None]:
    """PostgreSQL crashes, and recovers."""
    fleet.postgres.stop(signal.SIGQUIT)
    yield
    fleet.postgres.start()


@contextmanager
def postgres_paused(fleet: Fleet) -> Iterator[None]:
    """PostgreSQL accepts everything and answers nothing."""
    fleet.postgres.pause()
    yield
    fleet.postgres.resume()


@contextmanager
def one_asterisk_frozen(fleet: Fleet) -> Iterator[None]:
    """One Asterisk accepts everything on AMI and answers nothing; its calls continue."""
    fleet.far_side.do(fleet.far_side.asterisks["pbx1"].freeze)
    yield
    fleet.far_side.do(fleet.far_side.asterisks["pbx1"].thaw)


@contextmanager
def one_ami_shut(fleet: Fleet) -> Iterator[None]:
    """One Asterisk has no AMI; its calls continue."""
    fleet.far_side.do(fleet.far_side.asterisks["pbx1"].shut_ami)
    yield
    fleet.far_side.do(fleet.far_side.asterisks["pbx1"].open_ami)


@contextmanager
def all_ami_shut(fleet: Fleet) -> Iterator[None]:
    """No Asterisk has AMI; their calls continue."""
    asterisks = fleet.far_side.asterisks.values()
    for asterisk in asterisks:
        fleet.far_side.do(asterisk.shut_ami)
    yield
    for asterisk in asterisks:
        fleet.far_side.do(asterisk.open_ami)
