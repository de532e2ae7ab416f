"""A fleet's calls in Redis and PostgreSQL: the leases, the sessions and their events."""

import socket
import time
from collections import Counter
from collections.abc import Iterable

from attrs import define, field, frozen

from tests.harness.postgres_server import PostgresServer
from tests.harness.redis_server import RedisServer

ANSWER_WAIT_S = 30.0
TAKEOVER = 10**16  # sequences are numbered anew from here, and from each multiple of it: session_notes
LIVE = ("queued", "ringing", "in-progress")


@frozen
class Place:
    """A lease in Redis."""

    holder: str
    gateway: str
    asterisk: str
    call_sid: str


@define(eq=False)
class Counts:
    """The counts that gateways share."""

    server: RedisServer
    host: str = "127.0.0.1"

    def on_asterisks(self) -> dict[str, int]:
        """Count the leases on each Asterisk; an Asterisk without leases is left out."""
        words = self._ask("HGETALL", "exoswitch:used")
        used = dict(zip(words[::2], words[1::2], strict=True))
        named = {key.removeprefix("asterisk:"): int(used[key]) for key in used if key.startswith("asterisk:")}
        return {name: count for name, count in named.items() if count}

    def places(self) -> tuple[Place, ...]:
        """List every lease."""
        return tuple(Place(*lease.split()[:4]) for lease in self._ask("HVALS", "exoswitch:leases"))

    def holders(self) -> Counter[str]:
        """Count the leases of each gateway."""
        return Counter(place.holder for place in self.places())

    def alive(self) -> set[str]:
        """Give the names of the gateways whose last heartbeat is still valid."""
        return set(self._ask("ZRANGEBYSCORE", "exoswitch:heartbeats", f"{time.time() * 1000:.0f}", "+inf"))

    def _ask(self, *words: str) -> list[str]:
        """Send a command whose answer is a list of texts."""
        with socket.create_connection((self.host, self.server.port), ANSWER_WAIT_S) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            with connection.makefile("rb") as answer:
                count = int(answer.readline()[1:])
                return [answer.read(int(answer.readline()[1:]) + 2)[:-2].decode() for _ in range(count)]


@define(eq=False)
class Records:
    """The sessions and their events."""

    server: PostgresServer
    database: str
    _told: set[str] = field(init=False, factory=set)

    def by_status(self) -> Counter[str]:
        """Count the sessions of each status."""
        return Counter(status for _, status in self._sessions())

    def of_status(self, wanted: str) -> set[str]:
        """Give the calls of this status."""
        return {sid for sid, status in self._sessions() if status == wanted}

    def status(self, call_sid: str) -> str:
        """Give the status of a call."""
        (found,) = [status for sid, status in self._sessions() if sid == call_sid]
        return found

    def live(self) -> set[str]:
        """Give the calls that have not ended."""
        return {sid for sid, status in self._sessions() if status in LIVE}

    def without_stream(self) -> set[str]:
        """Give the calls whose stream has ended, and whose caller waits for what follows."""
        return {
            sid for (sid,) in self._ask("SELECT call_sid FROM sessions WHERE document::json #>> '{flow,ended}' <> ''")
        }

    def sessions_of(self, call_sids: Iterable[str]) -> Counter[str]:
        """Count the sessions of each of these calls."""
        found = Counter(sid for sid, _ in self._sessions())
        return Counter({sid: found[sid] for sid in call_sids})

    def gateways_of(self, call_sids: Iterable[str]) -> Counter[str]:
        """Count these calls by the gateway that their sessions name."""
        found = dict(self._ask("SELECT call_sid, document::json ->> 'gateway' FROM sessions"))
        return Counter(found[sid] for sid in call_sids)

    def dial_times(self, trunk: str) -> list[float]:
        """Give the times of all dials on a trunk, in order, by the clocks of the gateways."""
        attempts = self._ask("SELECT json_array_elements(document::json -> 'attempts') FROM sessions")
        return sorted(float(one["dialled_at"]) for (one,) in attempts if one["trunk"] == trunk)

    def faults(self) -> list[str]:
        """List the calls whose events are wrong: they step back, end twice, or differ from the session.

        Each takeover begins anew: a gateway that stood still may write what it knew only when it wakes up.
        """
        steps: dict[str, dict[int, list[str]]] = {}
        events = "SELECT call_sid, sequence, status FROM events ORDER BY call_sid, sequence"
        for sid, sequence, status in self._ask(events):
            steps.setdefault(sid, {}).setdefault(sequence // TAKEOVER, []).append(status)
        now = dict(self._sessions())
        return [f"{sid}: {now.get(sid)} after {of}" for sid, of in steps.items() if not _are_sound(of, now.get(sid))]

    def _sessions(self) -> list[tuple[str, str]]:
        return self._ask("SELECT call_sid, status FROM sessions")

    def _ask(self, statement: str) -> list:
        return self.server.query(self.database, statement)


def _are_sound(steps: dict[int, list[str]], status: str | None) -> bool:
    """Whether the events of a call, grouped by failover, never step back, and end at the status of its session."""
    return all(map(_is_sound, steps.values())) and steps[max(steps)][-1] == status


def _is_sound(steps: list[str]) -> bool:
    ranks = [LIVE.index(step) if step in LIVE else len(LIVE) for step in steps]
    return ranks == sorted(ranks) and ranks.count(len(LIVE)) <= 1
