"""Several gateway processes that share a machine and a file."""

import attrs
import pytest

from exoswitch.config.processes import number_of, of_process, processes
from exoswitch.errors import ConfigError, InvalidValue

FLEET = """
node: gw1
gateway: {{processes: {count}, capacity: {capacity}}}
rtp: {{ports: {ports}}}
cluster: redis://127.0.0.1:6379/0
sessions: postgresql://exo@127.0.0.1/exo
metrics: {metrics}
traces: {{folder: /var/lib/exoswitch/traces}}
"""


@pytest.fixture
def shared(read, good):
    def read_it(count=3, capacity=100, ports="20000-20999", metrics="tcp:9464:interface=127.0.0.1", more=""):
        text = FLEET.format(count=count, capacity=capacity, ports=ports, metrics=metrics)
        return read(good + text + more)

    return read_it


def test_one_process_has_the_whole_configuration(read, good):
    config = read(good)
    assert of_process(config, 1) is config
    assert [number for number, _ in processes(config)] == [1]


def test_each_process_has_a_name_folders_and_a_metrics_port_of_its_own(shared, tmp_path):
    parts = [part for _, part in processes(shared())]
    assert [part.node for part in parts] == ["gw1-1", "gw1-2", "gw1-3"]
    assert [part.metrics for part in parts] == [f"tcp:{port}:interface=127.0.0.1" for port in (9464, 9465, 9466)]
    assert [part.journal for part in parts] == [f"{tmp_path}/exoswitch-journal/{number}" for number in (1, 2, 3)]
    assert [part.traces.folder for part in parts] == [f"/var/lib/exoswitch/traces/{number}" for number in (1, 2, 3)]


def test_calls_and_ports_are_shared_out_without_overlap_and_nothing_else_differs(shared):
    config = shared()
    parts = [part for _, part in processes(config)]
    assert [part.gateway.capacity for part in parts] == [34, 33, 33]
    assert [(part.rtp.ports.start, len(part.rtp.ports)) for part in parts] == [
        (20000, 333),
        (20333, 333),
        (20666, 333),
    ]
    split = {"node", "gateway", "rtp", "metrics", "journal", "traces"}
    rest = attrs.filters.exclude(*split)
    assert all(attrs.asdict(part, filter=rest) == attrs.asdict(config, filter=rest) for part in parts)


@pytest.mark.parametrize(
    "metrics",
    [
        "tcp:{}:interface=9464.example",
        "tcp:port={}:interface=127.0.0.1",
        "tcp:interface=9464.example:port={}",
        "tcp6:interface=2001\\:db8\\:\\:9464:port={}:backlog=9464",
    ],
)
def test_only_the_port_of_metrics_moves(shared, metrics):
    assert of_process(shared(metrics=f"'{metrics.format(9464)}'"), 2).metrics == metrics.format(9465)


def test_metrics_may_stay_on_http(shared):
    assert of_process(shared(metrics='""'), 2).metrics == ""


@pytest.mark.parametrize("text", ["0", "4", "-1", "one", "", "²", "1.0"])
def test_number_of_a_process_that_does_not_exist_is_refused(shared, text):
    with pytest.raises(InvalidValue, match=r"must be 1 to 3, as gateway.processes says"):
        number_of(shared(), text)


def test_number_is_needed_only_where_there_are_several(shared, read, good):
    assert number_of(read(good), None) == 1
    assert number_of(shared(), "3") == 3
    with pytest.raises(InvalidValue, match=r"gateway.processes is 3: say which of them this is"):
        number_of(shared(), None)
    with pytest.raises(InvalidValue, match=r"--process 2: must be 1, because gateway.processes is 1"):
        number_of(read(good), "2")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"metrics": "tcp:65534"}, "metrics: needs 3 ports from this one on"),
        ({"metrics": "tcp:8078:interface=127.0.0.1"}, "metrics: its port of process 3 is 8080, which http has"),
        ({"capacity": 2}, "gateway.capacity: is less than one call for each of 3 processes"),
        ({"more": "http: unix:/run/exoswitch/http"}, "http: cannot be shared by 3 processes"),
        (
            {"capacity": 999},
            "rtp.ports: has 333 ports for each of 3 processes, but its share of gateway.capacity, 333, needs 383",
        ),
    ],
)
def test_file_that_cannot_be_shared_is_refused(shared, change, problem):
    with pytest.raises(ConfigError) as refused:
        shared(**change)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "missing", ["cluster: redis://127.0.0.1:6379/0\n", "sessions: postgresql://exo@127.0.0.1/exo\n"]
)
def test_processes_without_a_fleet_are_refused(read, good, missing):
    text = FLEET.format(count=2, capacity=100, ports="20000-20999", metrics='""').replace(missing, "")
    with pytest.raises(ConfigError, match=r"gateway.processes: is 2, and processes share calls only as a fleet does"):
        read(good + text)
