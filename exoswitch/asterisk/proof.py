"""Core: whether a running Asterisk has the trunks of the file, is registered with them, and reaches them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from exoswitch.ami.trunks import Contact, Endpoint, Registration
from exoswitch.interfaces.trunk import ITrunk
from exoswitch.printable import in_columns

_HEADINGS = ("trunk", "endpoint", "registration", "OPTIONS")


@frozen(kw_only=True)
class TrunkProof:
    """What Asterisk says of one trunk.

    `registration` and `contact` are None if it lists none.
    """

    trunk: ITrunk
    is_present: bool
    registration: Registration | None
    contact: Contact | None

    @property
    def is_good(self) -> bool:
        """Whether calls can go out: it is there, registered if it registers, and answers if it is asked."""
        registered = not self.trunk.registers or (self.registration is not None and self.registration.is_registered)
        reached = not self.trunk.asks_options or (self.contact is not None and self.contact.status == "Reachable")
        return self.is_present and registered and reached

    @property
    def remedies(self) -> Iterator[str]:
        """Say what to do about each sign that is not well."""
        if not self.is_present:
            yield "Asterisk does not have it: run exoswitch trunks apply"
            return
        if self.trunk.registers and (self.registration is None or not self.registration.is_registered):
            yield (
                "compare username, auth_username, password, domain and proxy with the carrier's letter; "
                "asterisk -rx 'pjsip set logger on' shows its answer to REGISTER"
            )
        if self.trunk.asks_options and (self.contact is None or self.contact.status != "Reachable"):
            yield (
                f"nothing comes back from {self.trunk.address}: check the route, the VPN and the firewall. A carrier "
                "that ignores OPTIONS needs options: no, because Asterisk dials no trunk that does not answer"
            )

    @property
    def row(self) -> tuple[str, ...]:
        """Give the row of the table."""
        return (
            self.trunk.name,
            "present" if self.is_present else "MISSING",
            self._registration,
            self._options,
        )

    @property
    def _registration(self) -> str:
        if not self.trunk.registers:
            return "not needed"
        if self.registration is None:
            return "MISSING"
        return "registered" if self.registration.is_registered else self.registration.status.upper()

    @property
    def _options(self) -> str:
        if not self.trunk.asks_options:
            return "not asked"
        if self.contact is None or self.contact.status != "Reachable":
            return "NO ANSWER"
        return "answered" if self.contact.rtt_s is None else f"answered in {1000 * self.contact.rtt_s:.0f} ms"


def proofs(
    trunks: Iterable[ITrunk],
    endpoints: Iterable[Endpoint],
    registrations: Iterable[Registration],
    contacts: Mapping[str, Contact],
) -> tuple[TrunkProof, ...]:
    """Compare the trunks of the file with Asterisk's lists; `contacts` are by the names of trunks."""
    present = {endpoint.name for endpoint in endpoints}
    registered = {registration.name: registration for registration in registrations}
    return tuple(
        TrunkProof(
            trunk=trunk,
            is_present=trunk.name in present,
            registration=registered.get(trunk.name),
            contact=contacts.get(trunk.name),
        )
        for trunk in trunks
    )


def table(rows: Sequence[TrunkProof]) -> str:
    """Give a line for each trunk, under headings; what is not well is in capitals."""
    return in_columns(_HEADINGS, (proof.row for proof in rows))
