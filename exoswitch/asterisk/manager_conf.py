"""Core: manager.conf: who may log in to AMI, and which events are worth sending (Asterisk 22's event filters)."""

from collections.abc import Iterator

from attrs import evolve

from exoswitch.ami.filters import filter_actions
from exoswitch.asterisk.conf import Setting, conf, section
from exoswitch.config.endpoints import Endpoint, is_ip
from exoswitch.config.model import AsteriskConfig

READ = "system,call,dtmf,dialplan,agi,reporting"
WRITE = "system,call,agi,originate,command,reporting"

# A gateway that stops reading for a moment keeps its login (Asterisk's default is 100 ms).
WRITE_TIMEOUT_MS = 5000


def manager_conf(pbx: AsteriskConfig, *, etc_dir: str) -> str:
    """Render manager.conf; it holds the secret, so the file is for Asterisk's eyes only."""
    return conf(
        section(
            "general", (("enabled", "yes"), ("webenabled", "no"), *_listener(pbx, etc_dir), ("displayconnects", "no"))
        ),
        section(
            pbx.username,
            (
                ("secret", pbx.secret),
                ("read", READ),
                ("write", WRITE),
                ("writetimeout", WRITE_TIMEOUT_MS),
                *_event_filters(),
            ),
        ),
    )


def _event_filters() -> Iterator[Setting]:
    """Give the filters that a gateway sets for itself, so that not even its first events are more than it reads.

    Filters by name compare hashes and cost Asterisk next to nothing; lists that answer an action pass them all.
    """
    yield "eventfilter(name(FullyBooted))", ""
    for action in filter_actions():
        yield f"eventfilter({action.get('MatchCriteria')})", action.get("Filter")


def _listener(pbx: AsteriskConfig, etc_dir: str) -> tuple[Setting, ...]:
    """Listen where the gateway connects to; with TLS, plain AMI stays on this machine.

    Given a name in place of an address, Asterisk 22.10 listens on every interface, with no more than a warning.
    """
    endpoint = Endpoint.of(pbx.ami)
    address = endpoint.address
    if not is_ip(address.host):
        address = evolve(address, host=pbx.host)
    if endpoint.kind == "tcp":
        return (("bindaddr", address.host), ("port", address.port))
    return (
        ("bindaddr", "127.0.0.1"),
        ("tlsenable", "yes"),
        ("tlsbindaddr", address),
        ("tlscertfile", f"{etc_dir}/manager.pem"),
        ("tlsprivatekey", f"{etc_dir}/manager.key"),
    )
