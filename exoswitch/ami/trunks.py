"""Core: the actions that ask Asterisk about its trunks and set them going, and the answers as values.

Measured on Asterisk 22.10. PJSIPShowContacts lists no contact of an ``aor`` section, so the state of an endpoint
tells whether a trunk can be dialled. A reload answers Success also for a file that Asterisk cannot read: it then goes
on with what it has. So only the lists show what a reload has done. The list of registrations and the details of an
endpoint hold the trunks' passwords; no value here does.
"""

from collections.abc import Iterable, Iterator

from attrs import evolve, field, frozen

from exoswitch.ami.message import AmiMessage
from exoswitch.errors import InvalidValue

RELOADED_MODULE = "res_pjsip.so"
"""Endpoints, aors, registrations and identify sections are reloaded with it; transports and timers are not."""

ENDPOINTS_END = "EndpointListComplete"
REGISTRATIONS_END = "OutboundRegistrationDetailComplete"
ENDPOINT_END = "EndpointDetailComplete"
AORS_END = "AorListComplete"

NO_ENDPOINTS = "No endpoints found"  # Asterisk's refusal to list none

_UNREACHABLE = frozenset({"Unavailable", "Invalid"})
_FORBIDDEN = frozenset("\r\n\0")


@frozen
class Endpoint:
    """An endpoint: whether Asterisk dials it, the calls on it, and its contacts as ``AOR/URI``.

    `is_reachable` is None where Asterisk has not sent OPTIONS yet: it begins at a random moment of the interval, and
    dials the trunk meanwhile. Its list has the state Unavailable for this, too; only the details tell the difference.
    Asterisk dials by the status of the contacts, which the list follows.
    """

    name: str
    is_reachable: bool | None
    calls: int
    contacts: tuple[str, ...]

    def believing(self, details: Iterable["Contact"]) -> "Endpoint":
        """Judge it by the details, which are asked for after the list: an answer may have come in between."""
        statuses = {contact.status for contact in details}
        if "Reachable" in statuses:
            return evolve(self, is_reachable=True)
        if "NonQualified" in statuses:
            return self if self.is_reachable else evolve(self, is_reachable=None)
        return evolve(self, is_reachable=False) if "Unreachable" in statuses else self


@frozen
class Registration:
    """A registration with a carrier: its status in Asterisk's words, and the two URIs that its events name."""

    name: str
    status: str
    client_uri: str = field(repr=False)
    server_uri: str = field(repr=False)

    @property
    def is_registered(self) -> bool:
        """Whether the carrier has accepted it."""
        return self.status == "Registered"


@frozen
class Contact:
    """An address of a trunk: Reachable, Unreachable or NonQualified, and how long its last answer took."""

    uri: str = field(repr=False)
    status: str
    rtt_s: float | None


def list_endpoints() -> AmiMessage:
    """Ask for all endpoints; the answer is a list up to ENDPOINTS_END. Needs the right `system`."""
    return AmiMessage.action("PJSIPShowEndpoints")


def list_registrations() -> AmiMessage:
    """Ask for all registrations; the answer is a list up to REGISTRATIONS_END. `reporting` suffices."""
    return AmiMessage.action("PJSIPShowRegistrationsOutbound")


def show_endpoint(trunk: str) -> AmiMessage:
    """Ask for the details of one endpoint; the answer is a list up to ENDPOINT_END. Needs the right `system`."""
    return AmiMessage.action("PJSIPShowEndpoint", ("Endpoint", _checked(trunk)))


def list_aors() -> AmiMessage:
    """Ask for all aors; the answer is a list up to AORS_END. Needs the right `system`."""
    return AmiMessage.action("PJSIPShowAors")


def qualify(trunk: str) -> AmiMessage:
    """Have Asterisk send OPTIONS to a trunk now; by itself it does so at intervals. `reporting` suffices."""
    return AmiMessage.action("PJSIPQualify", ("Endpoint", _checked(trunk)))


def register(trunk: str) -> AmiMessage:
    """Have Asterisk send a REGISTER now, also where it has given up. `reporting` suffices."""
    return AmiMessage.action("PJSIPRegister", ("Registration", _checked(trunk)))


def reload(module: str = RELOADED_MODULE) -> AmiMessage:
    """Have a module of Asterisk read its file again, pjsip.conf by default; calls go on. Needs the right `system`."""
    return AmiMessage.action("Reload", ("Module", module))


def endpoints(events: Iterable[AmiMessage]) -> Iterator[Endpoint]:
    """Read the answer to `list_endpoints`."""
    for event in events:
        if event.event == "EndpointList":
            yield Endpoint(
                name=event.get("ObjectName"),
                is_reachable=event.get("DeviceState") not in _UNREACHABLE,
                calls=_whole(event.get("ActiveChannels")),
                contacts=tuple(contact for contact in event.get("Contacts").split(",") if contact),
            )


def registrations(events: Iterable[AmiMessage]) -> Iterator[Registration]:
    """Read the answer to `list_registrations`."""
    for event in events:
        if event.event == "OutboundRegistrationDetail":
            yield Registration(
                name=event.get("ObjectName"),
                status=event.get("Status"),
                client_uri=event.get("ClientUri"),
                server_uri=event.get("ServerUri"),
            )


def aors(events: Iterable[AmiMessage]) -> frozenset[str]:
    """Read the answer to `list_aors`: the names."""
    return frozenset(event.get("ObjectName") for event in events if event.event == "AorList")


def contacts(events: Iterable[AmiMessage]) -> Iterator[Contact]:
    """Read the answer to `show_endpoint`."""
    for event in events:
        if event.event == "ContactStatusDetail":
            yield Contact(event.get("URI"), event.get("Status"), round_trip_s(event))


def round_trip_s(event: AmiMessage) -> float | None:
    """Read how long the last answer to OPTIONS took; None if there was none."""
    microseconds = _whole(event.get("RoundtripUsec"))
    return microseconds / 1e6 if microseconds else None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _checked(trunk: str) -> str:
    if not trunk or _FORBIDDEN.intersection(trunk):
        raise InvalidValue("the name of a trunk is not empty, and is one line")
    return trunk
