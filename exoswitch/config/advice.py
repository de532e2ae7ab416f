"""Port: what is allowed in a configuration and yet looks like a mistake."""

import ipaddress
from collections.abc import Iterator

from exoswitch.config.addresses import interface_of, is_postgres
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import Problem


def warnings(config: Config) -> list[Problem]:
    """List what an operator should look at again before the gateway carries calls."""
    rules = (_audio_path, _http, _shared_ports, _memory, _fleet, _nothing_to_do)
    return [problem for rule in rules for problem in rule(config)]


def _audio_path(config: Config) -> Iterator[Problem]:
    distant = [asterisk.name for asterisk in config.asterisks if not _is_loopback(asterisk.host)]
    if not distant:
        return
    names = ", ".join(distant)
    if _is_loopback(config.rtp.advertise):
        yield Problem("rtp.advertise", f"is {config.rtp.advertise}, where {names} cannot send audio; give ours")
    if _is_loopback(config.rtp.bind):
        yield Problem("rtp.bind", f"is {config.rtp.bind}, where no audio of {names} can arrive; bind 0.0.0.0 or ours")


def _http(config: Config) -> Iterator[Problem]:
    if interface_of(config.http) == "":
        yield Problem(
            "http",
            "answers on every interface and without TLS; add :interface=127.0.0.1 and put a TLS proxy in front",
        )


def _shared_ports(config: Config) -> Iterator[Problem]:
    """Two programs on one host cannot take ports from the same range."""
    for index, asterisk in enumerate(config.asterisks):
        if _same_host(asterisk, config) and set(asterisk.rtp_ports) & set(config.rtp.ports):
            yield Problem(
                f"asterisks[{index}].rtp_ports",
                "overlaps with rtp.ports on the same host; give each program a range of its own",
            )


def _memory(config: Config) -> Iterator[Problem]:
    if config.sessions == "memory":
        yield Problem("sessions", "is memory: calls are forgotten when the gateway stops; leave it out for a file")


def _fleet(config: Config) -> Iterator[Problem]:
    """Whoever takes a call over, or dials one that another has accepted, reads its session."""
    if config.cluster and not is_postgres(config.sessions):
        yield Problem(
            "sessions",
            "is this gateway's alone, so no other can go on with its calls, or dial them; name a PostgreSQL database",
        )
    if config.gateway.on_stop == "hand-over" and not config.cluster:
        yield Problem(
            "gateway.on_stop", "is hand-over, but without a cluster nobody takes the calls; they are hung up"
        )


def _nothing_to_do(config: Config) -> Iterator[Problem]:
    if not config.trunks:
        yield Problem("trunks", "there is none, so no call can be placed or come in")
    if not config.accounts:
        yield Problem("accounts", "there is none, so the REST API lets nobody in")


def _is_loopback(address: str) -> bool:
    return ipaddress.IPv4Address(address).is_loopback


def _same_host(asterisk: AsteriskConfig, config: Config) -> bool:
    return asterisk.host == config.rtp.advertise or _is_loopback(asterisk.host)
