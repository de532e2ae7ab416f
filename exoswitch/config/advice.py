"""Port: warnings about configurations that are allowed but look like mistakes."""

import ipaddress
from collections.abc import Iterator

from exoswitch.config import processes
from exoswitch.config.addresses import interface_of, is_postgres
from exoswitch.config.model import AsteriskConfig, Config
from exoswitch.errors import Problem

_SECRET_LENGTH = 16
_SECRET_CHARACTERS = 6  # different ones


def warnings(config: Config) -> list[Problem]:
    """List every warning."""
    rules = (
        _audio_path,
        _http,
        _metrics,
        processes.warnings,
        _guessable,
        _shared_ports,
        _memory,
        _fleet,
        _reach,
        _prices,
        _shown_numbers,
        _recordings,
        _nothing_to_do,
    )
    return [problem for rule in rules for problem in rule(config)]


def _audio_path(config: Config) -> Iterator[Problem]:
    distant = [asterisk.name for asterisk in config.asterisks if not _is_loopback(asterisk.host)]
    if not distant:
        return
    names, own = ", ".join(distant), "this gateway's address on the private link"
    if _is_loopback(config.rtp.advertise):
        yield Problem("rtp.advertise", f"is {config.rtp.advertise}, but {names} cannot reach it; write {own}")
    if _is_loopback(config.rtp.bind):
        yield Problem("rtp.bind", f"is {config.rtp.bind}, but {names} cannot reach it; write 0.0.0.0 or {own}")


def _http(config: Config) -> Iterator[Problem]:
    if interface_of(config.http) == "":
        yield Problem(
            "http",
            "listens on every interface without TLS; add :interface=127.0.0.1 and put a TLS proxy in front",
        )


def _metrics(config: Config) -> Iterator[Problem]:
    if config.metrics and interface_of(config.metrics) == "":
        yield Problem(
            "metrics", "listens on every interface; add :interface=ADDRESS, so that only your monitoring reaches it"
        )


def _guessable(config: Config) -> Iterator[Problem]:
    secrets = {f"accounts.{name}.api_token": account.api_token for name, account in config.accounts.items()}
    secrets |= {f"asterisks[{index}].secret": asterisk.secret for index, asterisk in enumerate(config.asterisks)}
    for path, secret in secrets.items():
        if len(secret) < _SECRET_LENGTH or len(set(secret)) < _SECRET_CHARACTERS:
            yield Problem(path, "is easy to guess; take a random one, such as that of: openssl rand -hex 20")


def _shared_ports(config: Config) -> Iterator[Problem]:
    """Two programs on one host cannot take ports from the same range."""
    for index, asterisk in enumerate(config.asterisks):
        if _same_host(asterisk, config) and set(asterisk.rtp_ports) & set(config.rtp.ports):
            yield Problem(
                f"asterisks[{index}].rtp_ports",
                "overlaps with rtp.ports on the same host; give each program its own range",
            )


def _memory(config: Config) -> Iterator[Problem]:
    if config.sessions == "memory":
        yield Problem(
            "sessions",
            "is memory, so a stop loses all records of calls; remove the key to keep them in a file",
        )


def _fleet(config: Config) -> Iterator[Problem]:
    """A gateway that resumes or dials a call of another one reads its session."""
    if config.cluster and not is_postgres(config.sessions):
        yield Problem(
            "sessions",
            "is not shared, so other gateways cannot resume or dial this gateway's calls; name a PostgreSQL database",
        )
    if config.gateway.on_stop == "hand-over" and not config.cluster:
        yield Problem(
            "gateway.on_stop",
            "is hand-over, but without cluster no gateway takes the calls; set cluster or write wait",
        )


def _reach(config: Config) -> Iterator[Problem]:
    """A bot's URL in a request can name any port of a permitted network."""
    servers = [(asterisk.host, f"Asterisk {asterisk.name}") for asterisk in config.asterisks]
    servers += [(address, "this machine") for address in (config.rtp.advertise, "127.0.0.1", "::1")]
    for index, network in enumerate(config.private_networks):
        inside = sorted({name for address, name in servers if ipaddress.ip_address(address) in network})
        if inside:
            yield Problem(
                f"private_networks[{index}]",
                f"contains {' and '.join(inside)}, so every account can connect to each port there; "
                "name the bots with their ports in stream_hosts of their accounts",
            )


def _prices(config: Config) -> Iterator[Problem]:
    """Amounts in two currencies cannot be compared."""
    currency = config.billing.currency
    for index, trunk in enumerate(config.trunks):
        path, others = f"trunks[{index}].cost", sorted({price.currency for price in trunk.cost} - {currency})
        if others:
            yield Problem(
                path,
                f"is in {' and '.join(others)}, but billing.currency is {currency}: reports show its calls apart and "
                f"without savings; write the price in {currency}, with currency: {currency}",
            )
        elif not trunk.cost and config.routing.strategy == "cost":
            yield Problem(path, "is missing, so strategy cost takes this trunk last; add its price")


def _shown_numbers(config: Config) -> Iterator[Problem]:
    """A call that fails over to a trunk without numbers shows one of the first trunk."""
    if not any(trunk.numbers for trunk in config.trunks):
        return
    for index, trunk in enumerate(config.trunks):
        if not trunk.numbers:
            yield Problem(
                f"trunks[{index}].numbers",
                f"is missing, so calls on {trunk.name} may show numbers of other trunks, which most carriers refuse; "
                "add the numbers of this trunk",
            )


def _recordings(config: Config) -> Iterator[Problem]:
    """An app whose calls are recorded needs a folder, and callbacks need a URL that dialers can reach."""
    recorded = [f"apps.{name}.record" for name, app in config.apps.items() if app.record != "false"]
    if not recorded:
        return
    if not config.recordings.folder:
        yield Problem(recorded[0], "has no effect without recordings.folder; name a folder")
    elif not config.recordings.base_url:
        yield Problem(
            "recordings.base_url",
            "is missing, so RecordingUrl in callbacks begins with the address of http; write the URL of this gateway "
            "for dialers, such as https://exoswitch.example.org",
        )


def _nothing_to_do(config: Config) -> Iterator[Problem]:
    if not config.trunks:
        yield Problem("trunks", "is empty, so no call can be made or received; add a trunk")
    if not config.accounts:
        yield Problem("accounts", "is empty, so the REST API refuses every request; add an account")


def _is_loopback(address: str) -> bool:
    return ipaddress.IPv4Address(address).is_loopback


def _same_host(asterisk: AsteriskConfig, config: Config) -> bool:
    return asterisk.host == config.rtp.advertise or _is_loopback(asterisk.host)
