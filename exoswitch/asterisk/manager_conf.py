"""Core: manager.conf: AMI's listener, its user, and the events that the user receives (Asterisk 22)."""

from collections.abc import Iterator

from attrs import evolve

from exoswitch.ami.filters import filter_actions
from exoswitch.asterisk.conf import Setting, conf, section
from exoswitch.config.model import AsteriskConfig
from exoswitch.network.addresses import Endpoint, is_ip

READ = "system,call,dtmf,dialplan,agi,reporting,security"
"""security is for the requests of strangers, which are counted."""

WRITE = "system,call,agi,originate,reporting"
"""The classes that each action needs, and what else they permit, are in docs/security.md (measured on 22.10)."""

WRITE_TIMEOUT_MS = 5000
"""A gateway that does not read for a moment keeps its login (Asterisk's default is 100 ms)."""


def manager_conf(pbx: AsteriskConfig, *, etc_dir: str) -> str:
    """Render manager.conf; it holds the secret of AMI."""
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
    """Give the filters that a gateway also sets itself, so that they apply to its first events too.

    A filter by name compares hashes and costs Asterisk almost nothing. Lists in answer to an action pass all filters.
    """
    yield "eventfilter(name(FullyBooted))", ""
    for action in filter_actions():
        yield f"eventfilter({action.get('MatchCriteria')})", action.get("Filter")


def _listener(pbx: AsteriskConfig, etc_dir: str) -> tuple[Setting, ...]:
    """Listen where the gateway connects; with TLS, plain AMI listens on the loopback interface only.

    A host name becomes the address `host`: with a name, Asterisk 22.10 only warns and listens on every interface.
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
