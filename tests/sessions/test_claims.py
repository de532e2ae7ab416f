"""Claims that come during a write go together into the next write; each write takes the disk 10 ms."""

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock, deferLater
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from exoswitch.errors import BackendUnavailable
from exoswitch.sessions.claims import CLAIMS_AT_ONCE, Claims

SYNC_S = 0.01

result = SynchronousTestCase()


@define(eq=False)
class SlowDisk:
    """Claims in memory, written as slowly as a disk syncs; `trouble` is the error of the next writes."""

    clock: Clock
    owners: dict = field(factory=dict)
    writes: list = field(factory=list)
    trouble: Exception | None = None

    async def claim(self, call_sids, token):
        self.writes.append(len(call_sids))
        await deferLater(self.clock, SYNC_S)
        if self.trouble is not None:
            raise self.trouble
        return frozenset(sid for sid in call_sids if self.owners.setdefault(sid, token) == token)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def disk(clock):
    return SlowDisk(clock)


@pytest.fixture
def claims(disk):
    return Claims(disk.claim, Logger())


def answers(asked):
    return [result.successResultOf(answer) for answer in asked]


def claim(claims, count):
    return [claims.add(f"c{number}", "t1") for number in range(count)]


def test_single_claim_is_written_at_once(clock, disk, claims):
    for writes in (1, 2):
        asked = claims.add(f"c{writes}", "t1")
        assert len(disk.writes) == writes
        result.assertNoResult(asked)
        clock.advance(SYNC_S)
        assert result.successResultOf(asked) is True


def test_hundred_claims_at_once_take_two_writes(clock, disk, claims):
    asked = claim(claims, 100)
    clock.pump([SYNC_S] * 2)
    assert answers(asked) == 100 * [True]
    assert disk.writes == [1, 99]


def test_disk_of_a_hundred_syncs_a_second_takes_a_thousand_claims_a_second(clock, disk, claims):
    asked = []
    for number in range(1000):
        asked.append(claims.add(f"c{number}", "t1"))
        clock.advance(0.001)
    clock.advance(SYNC_S)
    assert answers(asked) == 1000 * [True]
    assert len(disk.writes) <= 101


def test_write_has_a_limited_size(clock, disk, claims):
    asked = claim(claims, 2 * CLAIMS_AT_ONCE + 2)
    clock.pump([SYNC_S] * 4)
    assert answers(asked) == len(asked) * [True]
    assert disk.writes == [1, CLAIMS_AT_ONCE, CLAIMS_AT_ONCE, 1]


def test_each_claim_gets_the_answer_for_its_own_call(clock, disk, claims):
    disk.owners.update({f"c{number}": "t2" for number in range(0, 10, 2)})
    asked = claim(claims, 10)
    clock.pump([SYNC_S] * 2)
    assert answers(asked) == 5 * [False, True]


def test_exactly_one_of_many_tokens_gets_a_call(clock, disk, claims):
    wanted = [(sid, token) for sid in ("a", "b") for token in ("t1", "t2", "t1", "t3")]
    asked = [claims.add(sid, token) for sid, token in wanted]
    clock.pump([SYNC_S] * 4)
    assert answers(asked) == [disk.owners[sid] == token for sid, token in wanted]
    assert len(disk.writes) == 4


def test_failed_write_fails_its_own_claims_and_no_others(clock, disk, claims):
    disk.trouble = BackendUnavailable("it is away")
    first, *others = claim(claims, 10)
    clock.advance(SYNC_S)
    result.failureResultOf(first, BackendUnavailable)
    for answer in others:
        result.assertNoResult(answer)
    disk.trouble = None
    clock.advance(SYNC_S)
    assert answers(others) == 9 * [True]


def test_error_in_the_program_answers_all_claims(clock, disk, claims):
    disk.trouble = ZeroDivisionError()
    asked = claim(claims, 3)
    clock.pump([SYNC_S] * 2)
    for answer in asked:
        result.failureResultOf(answer, ZeroDivisionError)
    disk.trouble = None
    assert answers_after(clock, claims.add("c9", "t1"))


def test_cancelled_claim_is_not_written(clock, disk, claims):
    first, second, third = claim(claims, 3)
    for given_up in (first, second):
        given_up.cancel()
        result.failureResultOf(given_up, CancelledError)
    clock.pump([SYNC_S] * 2)
    assert result.successResultOf(third) is True
    assert disk.owners.keys() == {"c0", "c2"}  # c0 was cancelled during its write


def test_claim_made_in_the_callback_of_a_claim_is_answered(clock, claims):
    asked = claims.add("c1", "t1").addCallback(lambda _: claims.add("c2", "t1"))
    clock.pump([SYNC_S] * 2)
    assert result.successResultOf(asked) is True


def answers_after(clock, asked):
    clock.advance(SYNC_S)
    return result.successResultOf(asked)
