"""Core: the trunks of a simulated Asterisk: whether they answer OPTIONS, and their registrations.

A trunk as a line of words::

    registered rtt=0.02        unreachable        rejected        unregistered
"""

from collections.abc import Callable, Iterable, Iterator

from attrs import define, evolve, field

from exoswitch.ami.message import AmiMessage
from exoswitch.sim.channel import event
from exoswitch.sim.exchange import Exchange
from exoswitch.sim.words import Word, read_words

RETRY_S = 30.0  # forbidden_retry_interval and fatal_retry_interval of the rendered files

REGISTERED, REJECTED, UNREGISTERED = "Registered", "Rejected", "Unregistered"


@define
class Trunk:
    """A trunk; `status` is that of its registration, empty if it has none.

    A carrier that does not `accept` a REGISTER rejects it; Asterisk tries again while it `retries`.
    """

    name: str
    is_reachable: bool = True
    rtt_s: float = 0.02
    status: str = ""
    accepts: bool = True
    retries: bool = True

    @property
    def client_uri(self) -> str:
        """The URI that it registers."""
        return f"sip:{self.name}@carrier.example"

    @property
    def server_uri(self) -> str:
        """The URI of its registrar."""
        return "sip:carrier.example"

    @property
    def contact(self) -> str:
        """The address that is dialled."""
        return f"sip:{self.name}.carrier.example:5060"

    @property
    def rtt_us(self) -> str:
        """How long its last answer to OPTIONS took, as Asterisk writes it."""
        return str(round(self.rtt_s * 1e6)) if self.is_reachable else "0"


def parse_trunk(name: str, text: str) -> Trunk:
    """Read a trunk.

    Raises:
        InvalidValue: a word is unknown, or its value is wrong.
    """
    trunk = Trunk(name)
    for word in read_words("trunk", text, _WORDS, _BARE):
        trunk = _WORDS[word.name](trunk, word)
    return trunk


_BARE = ("registered", "rejected", "unregistered", "unreachable")
_WORDS: dict[str, Callable[[Trunk, Word], Trunk]] = {
    "registered": lambda trunk, _: evolve(trunk, status=REGISTERED),
    "rejected": lambda trunk, _: evolve(trunk, status=REJECTED, accepts=False),
    "unregistered": lambda trunk, _: evolve(trunk, status=UNREGISTERED, retries=False),
    "unreachable": lambda trunk, _: evolve(trunk, is_reachable=False),
    "rtt": lambda trunk, word: evolve(trunk, rtt_s=word.number(most=10.0)),
}


@define
class Trunks:
    """All trunks; a trunk that a call names becomes one of them, reachable and without a registration."""

    _exchange: Exchange
    _trunks: dict[str, Trunk] = field(factory=dict, init=False)

    def add(self, trunks: Iterable[Trunk]) -> None:
        """Add trunks, or replace those of the same name."""
        self._trunks.update((trunk.name, trunk) for trunk in trunks)

    def remove(self, name: str) -> None:
        """Remove a trunk, as a reload without it does."""
        self._trunks.pop(name, None)

    def __iter__(self) -> Iterator[Trunk]:
        """Give the trunks, by name."""
        return iter([self._trunks[name] for name in sorted(self._trunks)])

    def __getitem__(self, name: str) -> Trunk:
        """Give a trunk, which is made if there is none."""
        return self._trunks.setdefault(name, Trunk(name))

    def get(self, name: str) -> Trunk | None:
        """Give a trunk, if there is one."""
        return self._trunks.get(name)

    # --- OPTIONS

    def set_reachable(self, name: str, *, is_reachable: bool) -> None:
        """Let a trunk answer OPTIONS, or stop to; Asterisk notices at once, and tells a change only."""
        trunk = self[name]
        if trunk.is_reachable is is_reachable:
            return
        trunk.is_reachable = is_reachable
        status = "Reachable" if is_reachable else "Unreachable"
        self._exchange.tell(
            event("PeerStatus", ("ChannelType", "PJSIP"), ("Peer", f"PJSIP/{name}"), ("PeerStatus", status)),
            event(
                "ContactStatus",
                ("URI", trunk.contact),
                ("ContactStatus", status),
                ("AOR", name),
                ("EndpointName", name),
                ("RoundtripUsec", trunk.rtt_us),
            ),
        )

    # --- REGISTER

    def refuse_registration(self, name: str, now: float, *, for_good: bool = False) -> None:
        """Let the carrier reject this REGISTER and later ones; Asterisk tries again, unless it is `for_good`."""
        trunk = self[name]
        trunk.accepts, trunk.retries = False, not for_good
        self.register(name, now)

    def accept_registration(self, name: str) -> None:
        """Let the carrier accept the next REGISTER."""
        self[name].accepts = True

    def register(self, name: str, now: float) -> None:
        """Send a REGISTER, and tell what comes of it."""
        trunk = self[name]
        trunk.status = REGISTERED if trunk.accepts else REJECTED
        self._exchange.tell(_registry(trunk))
        if not trunk.accepts and trunk.retries:
            self._exchange.later(now + RETRY_S, lambda then: self._try_again(name, then))

    def unregister(self, name: str) -> None:
        """End a registration; Asterisk does not begin it again by itself."""
        trunk = self[name]
        trunk.status, trunk.retries = UNREGISTERED, False
        self._exchange.tell(_registry(trunk))

    def _try_again(self, name: str, now: float) -> None:
        trunk = self.get(name)
        if trunk is not None and trunk.status == REJECTED and trunk.retries:
            self.register(name, now)


def _registry(trunk: Trunk) -> AmiMessage:
    return event(
        "Registry",
        ("ChannelType", "PJSIP"),
        ("Username", trunk.client_uri),
        ("Domain", trunk.server_uri),
        ("Status", trunk.status),
    )
