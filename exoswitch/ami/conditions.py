"""Core: the conditions of one Asterisk's trunks: what has changed, and which registrations Asterisk has given up.

Asterisk tries a registration again by itself as pjsip.conf says, and raises a Registry event after each attempt. One
without any for `GIVEN_UP_S` is not tried any more: a carrier's answer has ended it, or somebody has unregistered it.
Somebody else may write such an event, so after `BELIEVED_S` a registration that is down is given up in any case.
"""

from collections.abc import Iterable

from attrs import define, field

from exoswitch.ami.trunks import Endpoint, Registration
from exoswitch.call.events import TrunkCondition

GIVEN_UP_S = 60.0
BELIEVED_S = 600.0
KEPT_MAX = 10_000  # trunks of one Asterisk


@define
class Conditions:
    """The trunks of one Asterisk as its lists tell them.

    `patience_s` is how long a registration may be down without an attempt. It differs between gateways, so that one
    of them acts, and the others see its attempt.
    """

    patience_s: float = GIVEN_UP_S
    _told: dict[str, TrunkCondition] = field(factory=dict, init=False)
    _rtt_s: dict[str, float | None] = field(factory=dict, init=False)
    _down: dict[str, Registration] = field(factory=dict, init=False)
    _attempted_at: dict[str, float] = field(factory=dict, init=False)
    _down_since: dict[str, float] = field(factory=dict, init=False)

    def forget(self) -> None:
        """Tell all conditions anew after the next list."""
        self._told.clear()

    def measured(self, trunk: str, rtt_s: float | None) -> None:
        """Note how long a trunk's last answer to OPTIONS took."""
        if trunk in self._rtt_s or len(self._rtt_s) < KEPT_MAX:
            self._rtt_s[trunk] = rtt_s

    def attempted(self, client_uri: str, server_uri: str, now: float) -> None:
        """Note that Asterisk has tried the registrations with these URIs: a Registry event came."""
        for name, registration in self._down.items():
            if (registration.client_uri, registration.server_uri) == (client_uri, server_uri):
                self._attempted_at[name] = now

    def listed(
        self, endpoints: Iterable[Endpoint], registrations: Iterable[Registration], now: float
    ) -> list[TrunkCondition]:
        """Compare complete lists with what has been told; give the conditions that are to be told."""
        registered = {each.name: each for each in registrations}
        self._note_down(registered, now)
        conditions = {
            each.name: TrunkCondition(
                each.name,
                registered=registered[each.name].is_registered if each.name in registered else None,
                reachable=each.is_reachable,
                rtt_s=self._rtt_s.get(each.name) if each.is_reachable else None,
            )
            for each in endpoints
        }
        gone = [TrunkCondition(name, reachable=False) for name in self._told.keys() - conditions.keys()]
        changed = [condition for name, condition in conditions.items() if condition != self._told.get(name)]
        self._told = dict(tuple(conditions.items())[:KEPT_MAX])
        self._rtt_s = {name: rtt_s for name, rtt_s in self._rtt_s.items() if name in self._told}
        return [*gone, *changed]

    def _note_down(self, registered: dict[str, Registration], now: float) -> None:
        down = {name: each for name, each in registered.items() if not each.is_registered}
        self._down = dict(tuple(down.items())[:KEPT_MAX])
        self._attempted_at = {name: self._attempted_at.get(name, now) for name in self._down}
        self._down_since = {name: self._down_since.get(name, now) for name in self._down}

    def given_up(self, now: float) -> list[str]:
        """Give the registrations that Asterisk no longer tries; each is given again after `patience_s`."""
        names = [
            name
            for name, at in self._attempted_at.items()
            if now - at >= self.patience_s or now - self._down_since[name] >= BELIEVED_S
        ]
        for since in (self._attempted_at, self._down_since):
            since.update(dict.fromkeys(names, now))
        return names

    def status_of(self, name: str) -> str:
        """Give the status of a registration that is down, in Asterisk's words."""
        return self._down[name].status if name in self._down else "Registered"
