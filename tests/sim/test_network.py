import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import InvalidValue
from exoswitch.sim.network import Conditions, Network, parse_conditions

probabilities = st.floats(min_value=0, max_value=0.5)
conditions = st.builds(
    Conditions,
    delay_s=st.floats(min_value=0, max_value=0.3),
    jitter_s=st.floats(min_value=0, max_value=0.1),
    loss=probabilities,
    burst=st.sampled_from([0, 1, 3, 8]),
    duplicate=probabilities,
    reorder=probabilities,
)


def carry(network, packets, spacing_s=0.02):
    """Send numbered packets at an even pace; give the arrivals with their times."""
    arrivals = []
    for number in range(packets):
        now = number * spacing_s
        network.send(number.to_bytes(4, "big"), now)
        arrivals += [(now, int.from_bytes(data, "big")) for data in network.due(now)]
    while (now := network.next_deadline()) is not None:
        arrivals += [(now, int.from_bytes(data, "big")) for data in network.due(now)]
    return arrivals


@settings(max_examples=20, deadline=None)
@given(conditions, st.integers())
def test_the_same_seed_gives_the_same_network(kind, seed):
    assert carry(Network(kind, seed), 100) == carry(Network(kind, seed), 100)


@settings(max_examples=20, deadline=None)
@given(conditions, st.integers())
def test_every_packet_is_counted(kind, seed):
    network = Network(kind, seed)
    arrivals = carry(network, 200)
    counted = network.statistics
    assert counted.sent == 200
    assert counted.delivered == len(arrivals)
    assert counted.delivered == counted.sent - counted.lost - counted.overflowed + counted.duplicated


@pytest.mark.parametrize("loss", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("burst", [0, 1, 2, 4])
def test_loss_is_near_its_target(loss, burst):
    network = Network(Conditions(loss=loss, burst=burst), seed=7)
    for number in range(10_000):
        network.send(b"", number)
        network.due(number)
    assert network.statistics.lost / 10_000 == pytest.approx(loss, rel=0.25)


def test_lost_packets_come_in_runs_of_the_given_length():
    arrived = {number for _, number in carry(Network(Conditions(loss=0.05, burst=4), 7), 20000)}
    lost = [number for number in range(20000) if number not in arrived]
    runs = sum(1 for number in lost if number - 1 in arrived or number == 0)
    assert len(lost) / runs == pytest.approx(4, rel=0.2)


def test_a_network_without_faults_only_delays():
    assert carry(Network(Conditions(delay_s=0.05)), 3) == [(0.05, 0), (0.07, 1), (0.09, 2)]


def test_jitter_keeps_packets_in_order():
    arrivals = carry(Network(Conditions(delay_s=0.01, jitter_s=0.1), 3), 500)
    assert [number for _, number in arrivals] == list(range(500))


def test_later_packets_overtake_a_reordered_one():
    network = Network(Conditions(reorder=0.1, holdback_s=0.03), 1)
    order = [number for _, number in carry(network, 100)]
    assert order != sorted(order)
    assert sorted(order) == list(range(100))
    assert network.statistics.reordered > 0


def test_packets_beyond_the_capacity_are_lost_and_counted():
    network = Network(Conditions(delay_s=10), capacity=5)
    for _ in range(8):
        network.send(b"packet", 0.0)
    assert len(network.due(10.0)) == 5
    assert network.statistics.overflowed == 3


def test_an_empty_network_has_no_deadline():
    assert Network().next_deadline() is None


def test_conditions_are_read_from_words():
    read = parse_conditions("delay=0.04 jitter=0.01 loss=0.02 burst=3 duplicate=0.001 reorder=0.01")
    assert read == Conditions(delay_s=0.04, jitter_s=0.01, loss=0.02, burst=3, duplicate=0.001, reorder=0.01)


@pytest.mark.parametrize("text", ["fog=1", "loss", "loss=much", "loss=1", "delay=-1"])
def test_a_wrong_condition_is_named_in_the_error(text):
    with pytest.raises(InvalidValue, match=text.partition("=")[0]):
        parse_conditions(text)
