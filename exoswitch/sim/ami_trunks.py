"""Core: the AMI actions on the trunks of a simulated Asterisk, with the answers of 22.10."""

from collections.abc import Callable, Iterator

from exoswitch.ami.message import AmiMessage
from exoswitch.sim.channel import Header, event
from exoswitch.sim.exchange import Exchange
from exoswitch.sim.pbx import SimulatedPbx
from exoswitch.sim.trunks import Trunk

Answers = Iterator[tuple[Header, ...]]
_RELOADED = frozenset({"res_pjsip.so", "res_pjsip_outbound_registration.so", "res_pjsip_endpoint_identifier_ip.so"})


def _refusal(text: str) -> tuple[Header, ...]:
    return ("Response", "Error"), ("Message", text)


def _success(text: str) -> tuple[Header, ...]:
    return ("Response", "Success"), ("Message", text)


def _list(entries: list[tuple[Header, ...]], complete: str) -> Answers:
    yield ("Response", "Success"), ("EventList", "start"), ("Message", "A listing follows")
    yield from entries
    yield ("Event", complete), ("EventList", "Complete"), ("ListItems", str(len(entries)))


def _show_endpoints(pbx: SimulatedPbx, _action: AmiMessage, _now: float) -> Answers:
    entries = [_endpoint(pbx, trunk) for trunk in pbx.trunks]
    if not entries:
        yield _refusal("No endpoints found")
        return
    yield from _list(entries, "EndpointListComplete")


def _endpoint(pbx: SimulatedPbx, trunk: Trunk) -> tuple[Header, ...]:
    calls = sum(call.channel.name.startswith(f"PJSIP/{trunk.name}-") for call in pbx.calls.values())
    state = "In use" if calls else "Not in use"
    return (
        ("Event", "EndpointList"),
        ("ObjectType", "endpoint"),
        ("ObjectName", trunk.name),
        ("Transport", "udp"),
        ("Aor", trunk.name),
        ("Contacts", f"{trunk.name}/{trunk.contact},"),
        ("DeviceState", state if trunk.is_reachable else "Unavailable"),
        ("ActiveChannels", str(calls)),
    )


def _show_endpoint(pbx: SimulatedPbx, action: AmiMessage, _now: float) -> Answers:
    trunk = pbx.trunks.get(action.get("Endpoint"))
    if trunk is None:
        yield _refusal(f"Unable to retrieve endpoint {action.get('Endpoint')}")
        return
    contact = (
        ("Event", "ContactStatusDetail"),
        ("AOR", trunk.name),
        ("URI", trunk.contact),
        ("Status", "Reachable" if trunk.is_reachable else "Unreachable"),
        ("RoundtripUsec", trunk.rtt_us),
        ("EndpointName", trunk.name),
    )
    yield from _list([contact], "EndpointDetailComplete")


def _show_registrations(pbx: SimulatedPbx, _action: AmiMessage, _now: float) -> Answers:
    entries: list[tuple[Header, ...]] = [
        (
            ("Event", "OutboundRegistrationDetail"),
            ("ObjectType", "registration"),
            ("ObjectName", trunk.name),
            ("ClientUri", trunk.client_uri),
            ("ServerUri", trunk.server_uri),
            ("Status", trunk.status),
            ("NextReg", "0"),
        )
        for trunk in pbx.trunks
        if trunk.status
    ]
    return _list(entries, "OutboundRegistrationDetailComplete")


def _register(pbx: SimulatedPbx, action: AmiMessage, now: float) -> Answers:
    trunk = pbx.trunks.get(action.get("Registration"))
    if trunk is None or not trunk.status:
        yield _refusal("Unable to retrieve registration entry")
        return
    yield _success("Reregistration sent")
    pbx.trunks.register(trunk.name, now)


def _unregister(pbx: SimulatedPbx, action: AmiMessage, _now: float) -> Answers:
    trunk = pbx.trunks.get(action.get("Registration"))
    if trunk is None or not trunk.status:
        yield _refusal("Unable to retrieve registration entry")
        return
    yield _success("Unregistration sent")
    pbx.trunks.unregister(trunk.name)


def _qualify(_pbx: SimulatedPbx, _action: AmiMessage, _now: float) -> Answers:
    """Answer as for a trunk that there is; an Asterisk tells nothing of an answer that it expected."""
    yield _success("Endpoint found, will qualify")


def _reload(pbx: SimulatedPbx, action: AmiMessage, _now: float) -> Answers:
    """Answer as Asterisk does, also to a file that it cannot read; a test changes `pbx.trunks` before."""
    module = action.get("Module")
    is_known = module in _RELOADED
    yield _success("Module Reloaded") if is_known else _refusal("No such module")
    _tell_reload(pbx.exchange, module, is_known=is_known)


def _tell_reload(exchange: Exchange, module: str, *, is_known: bool) -> None:
    exchange.tell(event("Reload", ("Module", module), ("Status", "0" if is_known else "2")))


TRUNK_ACTIONS: dict[str, Callable[[SimulatedPbx, AmiMessage, float], Answers]] = {
    "pjsipshowendpoints": _show_endpoints,
    "pjsipshowendpoint": _show_endpoint,
    "pjsipshowregistrationsoutbound": _show_registrations,
    "pjsipregister": _register,
    "pjsipunregister": _unregister,
    "pjsipqualify": _qualify,
    "reload": _reload,
}
FOR_REPORTERS = frozenset({"pjsipshowregistrationsoutbound", "pjsipregister", "pjsipunregister", "pjsipqualify"})
"""What a user with ``write = reporting`` may do, too (measured on 22.10)."""
