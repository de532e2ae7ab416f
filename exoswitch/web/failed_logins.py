"""Core: failed logins by address: the log has the first one at once, and the number of the others a minute later."""

from attrs import define, field

LOG_EVERY_S = 60.0
MAX_ADDRESSES = 1000
_OTHERS = "other addresses"


@define
class FailedLogins:
    """Counts failed logins; addresses beyond the first `MAX_ADDRESSES` of a minute are counted together."""

    _untold: dict[str, int] = field(factory=dict, init=False)

    def add(self, address: str) -> str | None:
        """Count a failed login; give the name to log now, and to `take` from later, if it is not counted yet."""
        name = address if address in self._untold or len(self._untold) < MAX_ADDRESSES else _OTHERS
        if name in self._untold:
            self._untold[name] += 1
            return None
        self._untold[name] = 0
        return name

    def count(self, address: str) -> int:
        """Give the number of failed logins of an address since the first of its minute."""
        return self._untold.get(address, 0)

    def take(self, name: str) -> int:
        """Give the number of failed logins since the last time; after a minute without any, forget the name."""
        count = self._untold.pop(name, 0)
        if count:
            self._untold[name] = 0
        return count
