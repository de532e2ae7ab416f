"""The contract of ITrunkPool, for every implementation. A world has the gateways of one fleet.

A world has `gateway(name)`, which starts a pool with the limits LIMITS, `die(pool)`, which ends its heartbeats,
`leave(pool)`, which stops it, `advance(seconds)`, `wait(deferred)`, and `settle()`, which carries out what nobody
waits for. Its time passes only by `advance`.
"""

import pytest
from zope.interface.verify import verifyObject

from exoswitch.call.attempts import Health
from exoswitch.errors import NoCapacity
from exoswitch.fleet.trunks.breaker import PROBE_MS, REST_MS
from exoswitch.fleet.trunks.pace import GUARD
from exoswitch.fleet.trunks.pool import ITrunkPool
from exoswitch.fleet.trunks.record import IDLE_MAX_MS
from exoswitch.fleet.trunks.status import Alarm, Circuit, DialResult, TrunkLimits

KEEP_S = 30.0
LIMITS = {
    "fast": TrunkLimits(channels=100, cps=10.0),
    "wide": TrunkLimits(channels=100, cps=10.0),
    "narrow": TrunkLimits(channels=2, cps=100.0),
    "slow": TrunkLimits(channels=100, cps=0.5),
    "big": TrunkLimits(channels=10_000, cps=100.0),
}
SPACING_S = GUARD / 10


class TrunkPoolContract:
    """The promises; a subclass has a fixture `world`."""

    @pytest.fixture
    def pool(self, world):
        return world.gateway("gw1")

    @pytest.fixture
    def take(self, world):
        """Take a channel and a turn, each time with a token of its own; return the grant and the token."""
        tokens = iter(f"call{number}" for number in range(10_000))

        def take(pool, *candidates, **options):
            token = next(tokens)
            return world.wait(pool.take(token, candidates, **options)), token

        return take

    @staticmethod
    def status(world, pool, trunk):
        world.settle()
        return world.wait(pool.view())[trunk]

    def test_it_is_a_pool(self, pool):
        verifyObject(ITrunkPool, pool)

    # --- Channels -----------------------------------------------------------------------------------------------

    def test_first_candidate_with_a_free_channel_is_taken(self, pool, take):
        assert [take(pool, "narrow", "wide")[0].trunk for _ in range(3)] == ["narrow", "narrow", "wide"]

    def test_full_trunk_refuses_until_a_channel_is_released_once(self, world, pool, take):
        (_, first), _ = take(pool, "narrow"), take(pool, "narrow")
        with pytest.raises(NoCapacity, match="every trunk is full"):
            take(pool, "narrow")
        pool.release(first)
        pool.release(first)
        world.settle()
        world.advance(1)
        take(pool, "narrow")
        with pytest.raises(NoCapacity):
            take(pool, "narrow")

    def test_gateways_share_the_channels_of_a_trunk(self, world, pool, take):
        other = world.gateway("gw2")
        assert [take(one, "narrow")[0].trunk for one in (pool, other)] == ["narrow", "narrow"]
        for one in (pool, other):
            with pytest.raises(NoCapacity):
                take(one, "narrow")
        assert self.status(world, pool, "narrow").busy == 2
        assert self.status(world, other, "narrow").busy_here == 1

    def test_token_that_takes_again_gives_its_channel_back_first(self, world, pool):
        for _ in range(3):
            world.advance(1)
            world.wait(pool.take("a", ["narrow"]))
        assert self.status(world, pool, "narrow").busy == 1
        world.wait(pool.take("a", ["wide"]))
        assert self.status(world, pool, "narrow").busy == 0

    def test_held_calls_are_counted_and_never_refused(self, world, pool, take):
        for number in range(3):
            pool.hold(f"inbound{number}", "narrow")
        pool.hold("inbound0", "narrow")
        assert self.status(world, pool, "narrow").busy == 3
        with pytest.raises(NoCapacity):
            take(pool, "narrow")
        for number in range(3):
            pool.release(f"inbound{number}")
        world.settle()
        assert take(pool, "narrow")[0].trunk == "narrow"

    def test_unknown_trunk_is_skipped_and_no_candidate_is_refused(self, pool, take):
        assert take(pool, "gone", "wide")[0].trunk == "wide"
        for candidates in (["gone"], []):
            with pytest.raises(NoCapacity):
                take(pool, *candidates)

    def test_trunk_that_loses_its_limits_gets_no_call_and_takes_releases(self, world, pool, take):
        _, token = take(pool, "narrow")
        pool.set_limits({"wide": TrunkLimits(channels=1, cps=10.0)})
        with pytest.raises(NoCapacity):
            take(pool, "narrow")
        pool.release(token)
        pool.set_limits(LIMITS)
        assert self.status(world, pool, "narrow").busy == 0

    def test_calls_of_a_dead_gateway_lapse(self, world, pool, take):
        other = world.gateway("gw2")
        take(other, "narrow"), take(other, "narrow")
        world.die(other)
        world.advance(KEEP_S - 1)
        world.wait(pool.renew())
        with pytest.raises(NoCapacity):
            take(pool, "narrow")
        world.advance(1)
        assert take(pool, "narrow")[0].trunk == "narrow"

    def test_calls_of_a_dead_gateway_lapse_even_if_the_clock_is_put_back(self, world, pool, take):
        other = world.gateway("gw2")
        take(other, "narrow"), take(pool, "narrow")
        world.die(other)
        world.advance(-86_400)
        assert take(pool, "narrow")[0].trunk == "narrow"
        assert self.status(world, pool, "narrow").busy == 2

    def test_calls_of_a_gateway_that_leaves_count_no_longer(self, world, pool, take):
        other = world.gateway("gw2")
        take(other, "narrow"), take(other, "narrow")
        world.leave(other)
        assert take(pool, "narrow")[0].trunk == "narrow"

    def test_calls_of_a_gateway_that_was_silent_for_long_count_again(self, world, pool, take):
        take(pool, "narrow"), take(pool, "narrow")
        world.advance(KEEP_S)
        world.wait(pool.renew())
        assert self.status(world, pool, "narrow").busy == 2

    # --- Turns --------------------------------------------------------------------------------------------------

    def test_turns_of_all_gateways_are_evenly_spaced_in_the_order_of_the_requests(self, world, pool, take):
        other = world.gateway("gw2")
        waits = [take(one, "fast")[0].wait_s for one in (pool, other, other, pool)]
        assert waits == pytest.approx([0, SPACING_S, 2 * SPACING_S, 3 * SPACING_S], abs=1e-5)

    def test_idle_time_saves_no_turns(self, world, pool, take):
        take(pool, "fast")
        world.advance(100)
        assert [take(pool, "fast")[0].wait_s for _ in range(2)] == pytest.approx([0, SPACING_S], abs=1e-5)

    @pytest.mark.parametrize("step_s", [-2.0, -30.0, -86_400.0])
    def test_turns_from_before_the_clock_was_put_back_do_not_count(self, world, pool, take, step_s):
        for _ in range(20):
            take(pool, "fast")
        world.advance(step_s)
        assert [take(pool, "fast")[0].wait_s for _ in range(2)] == pytest.approx([0, SPACING_S], abs=0.001)

    def test_next_candidate_is_taken_when_the_turn_would_come_too_late(self, pool, take):
        assert [take(pool, "slow", "wide")[0].trunk for _ in range(4)] == ["slow", "slow", "slow", "wide"]
        assert take(pool, "slow", "wide", longest_wait_s=7)[0].trunk == "slow"

    def test_missed_turn_is_taken_anew_on_the_same_trunk_with_the_same_channel(self, world, pool, take):
        grant, token = take(pool, "fast")
        take(pool, "fast")
        again = world.wait(pool.missed(token))
        assert (grant.trunk, again.trunk) == ("fast", "fast")
        assert again.wait_s == pytest.approx(2 * SPACING_S, abs=1e-5)
        assert self.status(world, pool, "fast").busy == 2

    def test_turn_of_an_unknown_token_cannot_be_missed(self, world, pool):
        with pytest.raises(NoCapacity):
            world.wait(pool.missed("nobody"))

    # --- The breaker --------------------------------------------------------------------------------------------

    @pytest.fixture
    def dial(self, world, take):
        """Dial on a trunk, and tell at once what became of it."""

        def dial(pool, trunk, health, **told):
            grant, token = take(pool, trunk)
            pool.report(trunk, DialResult(health=health, **told), token=token)
            pool.release(token)
            world.settle()
            return grant

        return dial

    @pytest.fixture
    def failed(self, pool, dial):
        """A trunk of which the breaker is open."""
        for _ in range(3):
            dial(pool, "fast", Health.STRONG)

    def test_three_faults_in_a_row_open_it_and_the_next_trunk_is_taken(self, world, pool, take, dial):
        for health in (Health.STRONG, Health.CONFIG):
            dial(pool, "fast", health)
        assert take(pool, "fast", "wide")[0].trunk == "fast"
        for _ in range(3):
            dial(pool, "fast", Health.STRONG)
        status = self.status(world, pool, "fast")
        assert (status.circuit, status.why) == (Circuit.OPEN, "3 calls in a row failed by the trunk's fault")
        assert take(pool, "fast", "wide")[0].trunk == "wide"

    def test_breaker_is_that_of_the_whole_fleet(self, world, failed, take):
        assert take(world.gateway("gw2"), "fast", "wide")[0].trunk == "wide"

    @pytest.mark.parametrize("between", [Health.GOOD, Health.NEUTRAL, Health.WRONG_NUMBER, Health.WEAK])
    def test_faults_with_another_result_between_them_are_not_in_a_row(self, world, pool, dial, between):
        for _ in range(2):
            dial(pool, "fast", Health.STRONG)
        dial(pool, "fast", between)
        dial(pool, "fast", Health.STRONG)
        assert self.status(world, pool, "fast").circuit is Circuit.CLOSED

    def test_answers_to_earlier_dials_do_not_come_between_three_faults(self, world, pool, take, dial):
        ringing = [take(pool, "fast")[1] for _ in range(3)]
        for token in ringing:
            dial(pool, "fast", Health.STRONG)
            pool.report("fast", DialResult(health=Health.GOOD), token=token)
        assert self.status(world, pool, "fast").circuit is Circuit.OPEN

    def test_five_faults_that_are_half_of_the_window_open_it(self, world, pool, dial):
        for _ in range(4):
            dial(pool, "fast", Health.STRONG)
            dial(pool, "fast", Health.GOOD)
        assert self.status(world, pool, "fast").circuit is Circuit.CLOSED
        dial(pool, "fast", Health.STRONG)
        status = self.status(world, pool, "fast")
        assert (status.circuit, status.why[:13]) == (Circuit.OPEN, "at least half")

    def test_five_faults_that_are_fewer_than_half_of_the_window_do_not(self, world, pool, dial):
        for health in 8 * [Health.GOOD] + 6 * [Health.STRONG, Health.GOOD]:
            dial(pool, "fast", health)
        assert self.status(world, pool, "fast").circuit is Circuit.CLOSED

    def test_faults_are_forgotten_after_the_window(self, world, pool, dial):
        for _ in range(4):
            dial(pool, "fast", Health.STRONG)
            dial(pool, "fast", Health.WEAK)
            world.advance(10)
            world.wait(pool.renew())
        assert self.status(world, pool, "fast").circuit is Circuit.CLOSED

    def test_one_call_tries_an_open_trunk_after_ten_seconds(self, world, pool, failed, take):
        world.advance(REST_MS / 1000 - 0.001)
        assert take(pool, "fast", "wide")[0].trunk == "wide"
        world.advance(0.001)
        probe, _ = take(pool, "fast", "wide")
        assert (probe.trunk, probe.is_probe) == ("fast", True)
        assert take(pool, "fast", "wide")[0].trunk == "wide"
        assert self.status(world, pool, "fast").circuit is Circuit.HALF_OPEN

    @pytest.mark.parametrize("answer", [Health.GOOD, Health.NEUTRAL, Health.WRONG_NUMBER])
    def test_answer_to_the_probe_closes_it(self, world, pool, failed, dial, take, answer):
        world.advance(REST_MS / 1000)
        assert dial(pool, "fast", answer).is_probe
        status = self.status(world, pool, "fast")
        assert (status.circuit, status.why) == (Circuit.CLOSED, "")
        grant, _ = take(pool, "fast", "wide")
        assert (grant.trunk, grant.is_probe) == ("fast", False)

    def test_answer_to_a_call_from_before_it_opened_leaves_it_open(self, world, pool, take, dial):
        _, ringing = take(pool, "fast")
        for _ in range(3):
            dial(pool, "fast", Health.STRONG)
        pool.report("fast", DialResult(health=Health.GOOD), token=ringing)
        assert self.status(world, pool, "fast").circuit is Circuit.OPEN

    def test_failed_probe_is_followed_by_another_within_fifteen_seconds(self, world, pool, failed, take):
        world.advance(REST_MS / 1000)
        _, token = take(pool, "fast")
        world.advance(6.4)
        pool.report("fast", DialResult(health=Health.STRONG), token=token)
        pool.release(token)
        world.settle()
        assert self.status(world, pool, "fast").circuit is Circuit.OPEN
        world.advance(PROBE_MS / 1000 - 6.401)
        assert take(pool, "fast", "wide")[0].trunk == "wide"
        world.advance(0.001)
        assert take(pool, "fast", "wide")[0].is_probe

    def test_probe_of_which_nothing_is_told_expires(self, world, pool, failed, take):
        world.advance(REST_MS / 1000)
        take(pool, "fast")
        world.advance(PROBE_MS / 1000)
        assert take(pool, "fast", "wide")[0].is_probe

    def test_candidate_with_the_fewest_faults_is_tried_if_all_are_open(self, world, pool, failed, dial, take):
        for _ in range(4):
            dial(pool, "wide", Health.STRONG)
        for _ in range(2):
            grant, token = take(pool, "wide", "fast")
            assert (grant.trunk, grant.is_probe) == ("fast", False)
        pool.report("fast", DialResult(health=Health.STRONG), token=token)
        assert take(pool, "wide", "fast")[0].trunk == "wide"

    def test_full_trunk_does_not_send_calls_to_an_open_one(self, pool, failed, take):
        take(pool, "narrow"), take(pool, "narrow")
        with pytest.raises(NoCapacity):
            take(pool, "narrow", "fast")

    def test_trunk_that_no_call_wants_for_a_week_is_forgotten(self, world, pool, dial):
        for _ in range(3):
            dial(pool, "fast", Health.STRONG)
            dial(pool, "wide", Health.STRONG)
        world.advance(IDLE_MAX_MS / 1000 - 4)
        assert self.status(world, pool, "fast").circuit is Circuit.OPEN
        dial(pool, "wide", Health.STRONG)
        world.advance(8)
        world.wait(pool.renew())
        assert self.status(world, pool, "fast").circuit is Circuit.CLOSED
        assert self.status(world, pool, "wide").circuit is Circuit.OPEN

    # --- Windows and alarms -------------------------------------------------------------------------------------

    def test_window_counts_results_statuses_answers_and_the_delay_after_the_dial(self, world, pool, dial):
        dial(pool, "fast", Health.GOOD, post_dial_s=2.0)
        dial(pool, "fast", Health.GOOD, post_dial_s=4.0, answered=True)
        pool.report("fast", DialResult(answered=True))
        dial(pool, "fast", Health.WEAK, sip_status=480)
        dial(pool, "fast", Health.NEUTRAL, sip_status=486)
        dial(pool, "fast", Health.NEUTRAL, sip_status=486)
        window = self.status(world, pool, "fast").window
        assert (window.dialled, window.answered, window.post_dial_s) == (5, 2, 3.0)
        assert window.health == {Health.GOOD: 2, Health.WEAK: 1, Health.NEUTRAL: 2}
        assert window.sip_statuses == {480: 1, 486: 2}
        world.advance(31)
        assert self.status(world, pool, "fast").window.dialled == 0

    def test_first_refusal_of_our_configuration_raises_an_alarm_for_five_minutes(self, world, pool, dial):
        dial(pool, "fast", Health.CONFIG, sip_status=403)
        status = self.status(world, pool, "fast")
        assert (status.alarms, status.circuit) == ({Alarm.CONFIG}, Circuit.CLOSED)
        for _ in range(300 // 25):
            world.advance(25)
            world.wait(pool.renew())
        assert self.status(world, pool, "fast").alarms == frozenset()

    def test_wrong_numbers_beyond_a_fifth_of_the_window_raise_an_alarm(self, world, pool, dial):
        for _ in range(20):
            dial(pool, "fast", Health.GOOD)
        for _ in range(5):
            dial(pool, "fast", Health.WRONG_NUMBER)
        assert self.status(world, pool, "fast").alarms == frozenset()
        dial(pool, "fast", Health.WRONG_NUMBER)
        assert self.status(world, pool, "fast").alarms == {Alarm.FORMAT}

    def block(self, world, pool, dial, answered):
        """Dial 200 calls in more than a minute, of which every `answered`-th is answered."""
        for number in range(200):
            dial(pool, "big", Health.GOOD, answered=number % answered == 0)
            world.advance(0.31)
            if number % 50 == 0:
                world.wait(pool.renew())

    def test_answer_ratio_below_a_third_of_the_usual_raises_an_alarm_and_opens_nothing(self, world, pool, dial):
        self.block(world, pool, dial, answered=2)
        self.block(world, pool, dial, answered=6)
        assert self.status(world, pool, "big").alarms == frozenset()
        self.block(world, pool, dial, answered=20)
        status = self.status(world, pool, "big")
        assert (status.alarms, status.circuit) == ({Alarm.ANSWER_RATIO}, Circuit.CLOSED)
        self.block(world, pool, dial, answered=3)
        assert self.status(world, pool, "big").alarms == frozenset()
