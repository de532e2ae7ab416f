"""Port: the configuration of one of several gateway processes that share a machine and a file.

The file describes the machine. Each process is a gateway of the fleet with a name of its own, and has its share of
the calls and of the RTP ports, its own folders, and its own port for metrics. All listen on one port for HTTP.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from exoswitch.config.addresses import is_postgres
from exoswitch.config.model import Config
from exoswitch.errors import InvalidValue, Problem
from exoswitch.network.addresses import Endpoint, is_port

_SHARED = ("tcp", "tcp6")  # kinds of endpoints at which several processes can listen


def number_of(config: Config, text: str | None) -> int:
    """Read the number of this process, as it stands on the command line; None if it does not.

    Raises:
        InvalidValue: there is no such process.
    """
    count = config.gateway.processes
    if text is None and count == 1:
        return 1
    if text is None:
        raise InvalidValue(f"gateway.processes is {count}: say which of them this is, as in --process 1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= count:
        one_of = "1, because gateway.processes is 1" if count == 1 else f"1 to {count}, as gateway.processes says"
        raise InvalidValue(f"--process {text}: must be {one_of}")
    return int(text)


def of_process(config: Config, number: int) -> Config:
    """Give the configuration of a process, from 1 on; with one process it is the whole one."""
    count = config.gateway.processes
    if count == 1:
        return config
    calls, rest = divmod(config.gateway.capacity, count)
    traces = config.traces.folder
    return attrs.evolve(
        config,
        node=f"{config.node}-{number}",
        gateway=attrs.evolve(config.gateway, capacity=calls + (number <= rest)),
        rtp=attrs.evolve(config.rtp, ports=_part(config.rtp.ports, count, number)),
        metrics=_next_port(config.metrics, number - 1),
        journal=str(Path(config.journal) / str(number)),
        traces=attrs.evolve(config.traces, folder=traces and str(Path(traces) / str(number))),
    )


def processes(config: Config) -> Iterator[tuple[int, Config]]:
    """Give each process, by its number."""
    for number in range(1, config.gateway.processes + 1):
        yield number, of_process(config, number)


def broken_rules(config: Config) -> Iterator[Problem]:
    """Give what several processes need and do not have."""
    count = config.gateway.processes
    if count == 1:
        return
    path = "gateway.processes"
    if not config.cluster or not is_postgres(config.sessions):
        yield Problem(
            path,
            f"is {count}, and processes share calls only as a fleet does; name a Redis in cluster and a PostgreSQL "
            "database in sessions, or write 1",
        )
    if Endpoint.of(config.http).kind not in _SHARED:
        yield Problem(
            "http",
            f"cannot be shared by {count} processes; write tcp:8080:interface=127.0.0.1, or {path}: 1",
        )
    if config.metrics and not _has_ports(config.metrics, count):
        yield Problem("metrics", f"needs {count} ports from this one on; write it as tcp:9464:interface=10.0.0.5")
    if config.gateway.capacity < count:
        yield Problem("gateway.capacity", f"is less than one call for each of {count} processes; raise it")


def warnings(config: Config) -> Iterator[Problem]:
    """Give what is allowed with several processes but looks like a mistake."""
    if config.gateway.processes > 1 and not config.metrics:
        yield Problem(
            "metrics",
            "is missing, so /metrics on http shows one of the processes, whichever takes the request; write "
            "tcp:9464:interface=127.0.0.1, and the second process uses 9465",
        )


def _part(ports: range, count: int, number: int) -> range:
    size = len(ports) // count
    return ports[size * (number - 1) : size * number]


def _next_port(endpoint: str, more: int) -> str:
    """Move the port of a server endpoint string up."""
    if not endpoint or not more:
        return endpoint
    port = Endpoint.of(endpoint).value("port")
    field = rf"((?<!\\):(?:port=)?){port}(?=:|$)"  # the digits may be in the interface too
    return re.sub(field, rf"\g<1>{int(port) + more}", endpoint, count=1)


def _has_ports(endpoint: str, count: int) -> bool:
    parts = Endpoint.of(endpoint)
    port = parts.value("port")
    return parts.kind in _SHARED and is_port(port) and is_port(str(int(port) + count - 1))
