"""The process: its clock, its garbage collector, its open files."""

import gc
import resource
import sys
import time
from contextlib import suppress

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor
from twisted.logger import capturedLogs

from exoswitch.config.model import Config
from exoswitch.process import behind_audio, freeze_start, reserve_descriptors, use_monotonic_time


def test_reactor_is_made_to_schedule_by_a_clock_that_never_steps_back():
    reactor = Clock()
    use_monotonic_time(reactor)
    before = reactor.seconds()
    assert before <= time.monotonic() <= before + 60


def test_what_exists_when_the_reactor_runs_is_not_collected_again():
    reactor = MemoryReactor()
    freeze_start(reactor)
    gc.collect()
    before = gc.get_freeze_count()
    started = [[] for _ in range(1000)]
    ((freeze, _, _),) = reactor.whenRunningHooks
    freeze()
    assert gc.get_freeze_count() - before >= len(started)


def test_long_work_in_a_thread_keeps_the_reactor_waiting_for_less_than_a_millisecond():
    before = sys.getswitchinterval()
    with suppress(ValueError), behind_audio():
        during = sys.getswitchinterval()
        raise ValueError("work")
    assert during == pytest.approx(0.0005)
    assert sys.getswitchinterval() == before


def test_long_work_in_a_thread_collects_its_young_objects_and_sets_off_no_full_collection():
    before = gc.get_threshold()
    with suppress(ValueError), behind_audio():
        during = gc.get_threshold()
        raise ValueError("work")
    assert during[:2] == before[:2]
    assert during[2] > 2**30
    assert gc.isenabled()
    assert gc.get_threshold() == before


@pytest.mark.parametrize(
    ("soft", "hard", "then", "is_warned"),
    [
        (1024, 65536, 3384, False),
        (1024, resource.RLIM_INFINITY, 3384, False),
        (1024, 2048, 2048, True),
        (65536, 65536, None, False),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, False),
    ],
)
def test_all_calls_and_http_clients_may_have_their_descriptors(monkeypatch, soft, hard, then, is_warned):
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, pair: limits.append(pair))
    with capturedLogs() as log:
        reserve_descriptors(Config(asterisks=()))
    assert limits == ([] if then is None else [(then, hard)])
    assert bool(log) == is_warned
