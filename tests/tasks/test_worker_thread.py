"""A thread of its own: apart from the reactor's pool, and no hindrance to a stop."""

import threading

import pytest

from exoswitch.tasks.worker_thread import WorkerThread

pytestmark = pytest.mark.loopback


async def test_work_runs_in_order_in_one_thread_with_its_name(reactor):
    worker = WorkerThread(reactor, "journal")
    names = [await worker.run(lambda: threading.current_thread().name) for _ in range(3)]
    assert len(set(names)) == 1
    assert "journal" in names[0]
    worker.stopService()


async def test_work_does_not_wait_for_the_pool_that_all_others_share(reactor):
    release = threading.Event()
    shared = reactor.getThreadPool()
    for _ in range(2 * shared.max):
        shared.callInThread(release.wait)
    worker = WorkerThread(reactor, "journal")
    assert await worker.run(sum, [1, 2]) == 3
    release.set()
    worker.stopService()


async def test_an_error_is_the_callers(reactor):
    worker = WorkerThread(reactor, "journal")
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0)
    worker.stopService()


async def test_a_thread_that_hangs_does_not_hold_up_the_stop_and_later_work_is_refused(reactor):
    release = threading.Event()
    worker = WorkerThread(reactor, "journal")
    hanging = worker.run(release.wait)
    worker.stopService()
    with pytest.raises(RuntimeError, match="has stopped"):
        await worker.run(sum, [])
    release.set()
    assert await hanging is True
