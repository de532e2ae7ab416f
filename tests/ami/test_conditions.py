from exoswitch.ami.conditions import BELIEVED_S, GIVEN_UP_S, KEPT_MAX, Conditions
from exoswitch.ami.trunks import Endpoint, Registration
from exoswitch.call.events import TrunkCondition

URIS = "sip:+9140@ims.example", "sip:ims.example"


def endpoint(name: str = "bsnl1", *, is_reachable: bool = True) -> Endpoint:
    return Endpoint(name, is_reachable, calls=0, contacts=())


def registration(status: str = "Registered", name: str = "bsnl1") -> Registration:
    return Registration(name, status, *URIS)


def test_each_trunk_is_told_once_and_then_only_its_changes():
    conditions = Conditions()
    both = [endpoint("bsnl1"), endpoint("lab")]
    assert conditions.listed(both, [registration()], 0.0) == [
        TrunkCondition("bsnl1", registered=True, reachable=True),
        TrunkCondition("lab", registered=None, reachable=True),
    ]
    assert conditions.listed(both, [registration()], 1.0) == []
    assert conditions.listed(both, [registration("Rejected")], 2.0) == [
        TrunkCondition("bsnl1", registered=False, reachable=True)
    ]
    lost = [both[0], endpoint("lab", is_reachable=False)]
    assert conditions.listed(lost, [registration("Rejected")], 3.0) == [
        TrunkCondition("lab", registered=None, reachable=False)
    ]
    conditions.forget()
    assert len(conditions.listed(lost, [registration("Rejected")], 4.0)) == 2


def test_trunk_that_asterisk_no_longer_has_cannot_be_dialled():
    conditions = Conditions()
    conditions.listed([endpoint("bsnl1"), endpoint("lab")], [], 0.0)
    assert conditions.listed([endpoint("lab")], [], 1.0) == [TrunkCondition("bsnl1", reachable=False)]
    assert conditions.listed([endpoint("lab")], [], 2.0) == []


def test_round_trip_of_a_trunk_is_told_while_it_answers():
    conditions = Conditions()
    conditions.listed([endpoint()], [], 0.0)
    conditions.measured("bsnl1", 0.02)
    conditions.measured("nobody", 0.02)
    assert conditions.listed([endpoint()], [], 1.0) == [TrunkCondition("bsnl1", reachable=True, rtt_s=0.02)]
    assert conditions.listed([endpoint(is_reachable=False)], [], 2.0) == [TrunkCondition("bsnl1", reachable=False)]


def test_registration_that_asterisk_does_not_try_for_a_minute_is_given_up_and_again_a_minute_later():
    conditions = Conditions()
    conditions.listed([endpoint()], [registration("Unregistered")], 100.0)
    assert conditions.given_up(100.0 + GIVEN_UP_S - 1) == []
    assert conditions.given_up(100.0 + GIVEN_UP_S) == ["bsnl1"]
    assert conditions.status_of("bsnl1") == "Unregistered"
    assert conditions.given_up(101.0 + GIVEN_UP_S) == []
    conditions.listed([endpoint()], [registration("Unregistered")], 101.0 + GIVEN_UP_S)
    assert conditions.given_up(100.0 + 2 * GIVEN_UP_S) == ["bsnl1"]


def test_registration_that_asterisk_tries_by_itself_is_left_to_it():
    conditions = Conditions()
    for now in range(0, 600, 30):
        conditions.listed([endpoint()], [registration("Rejected")], float(now))
        conditions.attempted(*URIS, float(now))
        conditions.attempted("sip:other@ims.example", URIS[1], float(now) + 29)
        assert conditions.given_up(float(now) + 29) == []


def test_registration_that_is_up_is_never_given_up():
    conditions = Conditions()
    conditions.listed([endpoint()], [registration("Rejected")], 0.0)
    conditions.listed([endpoint()], [registration()], 1.0)
    assert conditions.given_up(1000.0) == []
    conditions.listed([endpoint()], [registration("Rejected")], 1000.0)
    assert conditions.given_up(1001.0) == []


def test_table_of_trunks_is_bounded():
    conditions = Conditions()
    names = [str(number) for number in range(KEPT_MAX + 100)]
    conditions.listed(map(endpoint, names), [registration("Rejected", name) for name in names], 0.0)
    for name in names:
        conditions.measured(name, 0.1)
    assert (len(conditions._told), len(conditions._rtt_s)) == (KEPT_MAX, KEPT_MAX)
    assert len(conditions.given_up(1000.0)) == KEPT_MAX


def test_forged_attempts_do_not_keep_a_registration_down_for_ever():
    conditions = Conditions()
    told = []
    for now in range(0, 2 * int(BELIEVED_S) + 2, 10):
        conditions.listed([endpoint()], [registration("Rejected")], float(now))
        conditions.attempted(*URIS, float(now))
        told += [now for _ in conditions.given_up(float(now))]
    assert told == [BELIEVED_S, 2 * BELIEVED_S]
