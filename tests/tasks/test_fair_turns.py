import pytest
from attrs import define, field
from twisted.internet.task import Clock

from exoswitch.audio.frames import FRAME_S
from exoswitch.tasks.fair_turns import ASTERISKS_S, BOTS_S, HTTP_S, FairTurns
from tests.harness.turns import turn

PART_S = 0.0004
TURN_S = 0.005


@define(eq=False)
class Connection:
    """A worker whose parts take `part_s` each."""

    clock: Clock
    parts: int
    done: list = field(factory=list)
    part_s: float = PART_S
    name: str = "c"
    told: list = field(factory=list)
    within: object = None

    def work(self):
        if not self.parts:
            return False
        self.parts -= 1
        self.clock.rightNow += self.part_s  # `advance` would run the timers
        self.done.append(self.name)
        if self.within is not None:
            self.within()
        return True

    def pause(self):
        self.told.append("paused")

    def resume(self):
        self.told.append("resumed")

    def give_up(self, why):
        self.told.append(why)


@pytest.fixture
def clock():
    return Clock()


def test_little_work_is_done_at_once_without_a_timer(clock):
    connection = Connection(clock, parts=1)
    FairTurns(clock, TURN_S).start(connection)
    assert (connection.parts, connection.told, clock.getDelayedCalls()) == (0, [], [])


def test_much_work_is_done_in_turns_and_its_connection_is_paused_meanwhile(clock):
    connection = Connection(clock, parts=100)
    FairTurns(clock, TURN_S).start(connection)
    assert connection.told == ["paused"]
    turns = 0
    while connection.parts:
        assert turn(clock) < TURN_S + 0.0005 + PART_S
        turns += 1
    turn(clock)
    assert turns == pytest.approx(100 * PART_S / TURN_S, abs=2)
    assert connection.told == ["paused", "resumed"]
    assert clock.getDelayedCalls() == []


def test_work_that_waits_is_done_in_slices_one_connection_after_the_other(clock):
    turns, done = FairTurns(clock, TURN_S), []
    flood = Connection(clock, 1000, done, name="flood")
    turns.start(flood)
    honest = Connection(clock, 1, done, name="honest")
    turns.start(honest)
    turn(clock)
    assert done.index("honest") <= 4
    assert honest.told == ["paused", "resumed"]


def test_many_connections_with_little_work_share_one_turn(clock):
    turns = FairTurns(clock, TURN_S)
    connections = [Connection(clock, parts=1) for _ in range(100)]
    before = clock.seconds()
    for connection in connections:
        turns.start(connection)
    assert clock.seconds() - before <= TURN_S + PART_S
    while any(connection.parts for connection in connections):
        assert turn(clock) <= TURN_S + PART_S
    assert all(connection.told in ([], ["paused", "resumed"]) for connection in connections)


def test_work_that_starts_itself_anew_is_not_done_within_itself(clock):
    turns = FairTurns(clock, TURN_S)
    depth = []

    def again():
        depth.append(len(depth))
        turns.start(connection)

    connection = Connection(clock, parts=3, within=again, part_s=0.0)
    turns.start(connection)
    assert (depth, connection.told) == ([0, 1, 2], [])


def test_work_that_is_started_by_other_work_waits_for_the_next_turn(clock):
    turns, done = FairTurns(clock, TURN_S), []
    other = Connection(clock, 1, done, name="other")
    first = Connection(clock, 2, done, name="first", part_s=0.0, within=lambda: turns.start(other))
    turns.start(first)
    assert done == ["first", "first"]
    turn(clock)
    assert done == ["first", "first", "other"]


@pytest.mark.parametrize("waits", [False, True])
def test_an_error_ends_its_connection_only(clock, waits, logged_failures):
    turns = FairTurns(clock, TURN_S)
    if waits:
        turns.start(Connection(clock, 100))

    def fail():
        raise ZeroDivisionError

    broken, other = Connection(clock, 5, within=fail), Connection(clock, 1)
    turns.start(broken)
    turns.start(other)
    for _ in range(20):
        turn(clock)
    assert "an error in the gateway" in broken.told
    assert other.parts == 0
    assert len(logged_failures) == 1
    logged_failures.clear()


def test_after_a_turn_others_have_the_reactor_for_as_long_as_it_is_to_rest(clock):
    turns = FairTurns(clock, TURN_S, rest=2)
    connection = Connection(clock, parts=1000)
    turns.start(connection)
    worked_s = 1000 * PART_S - connection.parts * PART_S
    while connection.parts:
        (call,) = clock.getDelayedCalls()
        assert call.getTime() - clock.seconds() == pytest.approx(2 * worked_s)
        clock.rightNow = call.getTime()
        worked_s = turn(clock)
    assert worked_s <= TURN_S + PART_S


def test_work_that_takes_longer_than_a_turn_is_followed_by_a_longer_rest(clock):
    turns = FairTurns(clock, TURN_S, rest=2)
    turns.start(Connection(clock, parts=1, part_s=10 * TURN_S))
    turns.start(later := Connection(clock, parts=1))
    clock.advance(19 * TURN_S)
    assert later.parts == 1
    clock.advance(TURN_S)
    assert later.parts == 0


def test_all_kinds_of_peers_together_leave_time_for_the_tick():
    assert BOTS_S + ASTERISKS_S + HTTP_S <= 0.6 * FRAME_S
