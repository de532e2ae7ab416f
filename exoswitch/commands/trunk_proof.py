"""Root: the proof that a running Asterisk has the trunks of a file, is registered with them, and reaches them."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.task import deferLater

from exoswitch.ami import trunks as ami_trunks
from exoswitch.ami.client import AmiProtocol
from exoswitch.asterisk.proof import TrunkProof, proofs
from exoswitch.errors import BackendUnavailable
from exoswitch.interfaces.trunk import ITrunk

POLL_S = 0.5


async def prove(trunks: Sequence[ITrunk], ami: AmiProtocol, reactor: Any, timeout_s: float) -> tuple[TrunkProof, ...]:
    """Have OPTIONS sent, and look until every trunk is well, or until the time is over.

    Raises:
        BackendUnavailable: the link is lost.
    """
    give_up_at = reactor.seconds() + timeout_s
    for trunk in trunks:
        if trunk.asks_options:
            await ami.action(ami_trunks.qualify(trunk.name))
    while True:
        rows = await _look(trunks, ami)
        if all(row.is_good for row in rows) or reactor.seconds() >= give_up_at:
            return rows
        await deferLater(reactor, POLL_S, lambda: None)


async def _look(trunks: Sequence[ITrunk], ami: AmiProtocol) -> tuple[TrunkProof, ...]:
    endpoints = await _endpoints(ami)
    listed = await ami.collect(ami_trunks.list_registrations(), ami_trunks.REGISTRATIONS_END)
    contacts: dict[str, ami_trunks.Contact] = {}
    for trunk in trunks:
        if trunk.asks_options and any(endpoint.name == trunk.name for endpoint in endpoints):
            details = await ami.collect(ami_trunks.show_endpoint(trunk.name), ami_trunks.ENDPOINT_END)
            contacts.update((trunk.name, contact) for contact in ami_trunks.contacts(details))
    return proofs(trunks, endpoints, ami_trunks.registrations(listed), contacts)


async def _endpoints(ami: AmiProtocol) -> list[ami_trunks.Endpoint]:
    """List the endpoints; an Asterisk without any refuses to."""
    try:
        listed = await ami.collect(ami_trunks.list_endpoints(), ami_trunks.ENDPOINTS_END)
    except BackendUnavailable as problem:
        if ami_trunks.NO_ENDPOINTS in str(problem):
            return []
        raise
    return list(ami_trunks.endpoints(listed))
