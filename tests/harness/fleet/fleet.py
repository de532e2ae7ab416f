"""A whole fleet: gateways in their own processes share two Asterisks, a Redis, a PostgreSQL and a bot."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from attrs import define, field

from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.fleet.books import Counts, Records
from tests.harness.fleet.far_side import EXOPHONE, LONG, SHORT, FarSide, PhoneInUse
from tests.harness.fleet.gateway import ACCOUNT, API_KEY, API_TOKEN, Answer, Gateway
from tests.harness.fleet.traffic import Traffic
from tests.harness.postgres_server import PostgresServer
from tests.harness.redis_server import RedisServer
from tests.harness.unlimited import UNLIMITED

LOOPBACK = "127.0.0.1"
CAPACITY = 100
STOP_WAIT_S = 15.0
ON_STOP = "hand-over", "wait", "wait"
PORTS = 220
PACED_CHANNELS, PACED_CPS = 50, 10
EVENTUALLY_S = 30.0
POLL_S = 0.05


def eventually(
    is_so: Callable[[], Any], told: Callable[[], object] = lambda: "it", within_s: float = EVENTUALLY_S
) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {told()}"
        time.sleep(POLL_S)


@define(eq=False, kw_only=True)
class Plan:
    """The addresses of a fleet's parts, and the settings that a test changes."""

    host: str = LOOPBACK
    redis_host: str = LOOPBACK
    postgres_host: str = LOOPBACK
    addresses: tuple[str, ...] = (LOOPBACK,) * 3
    prefixes: tuple[tuple[str, ...], ...] = ((),) * 3
    settings: dict[str, Any] = field(factory=dict)


@define(eq=False)
class Fleet:
    """A context manager: all gateways are ready inside it; on exit all of them stop."""

    folder: Path
    redis: RedisServer
    postgres: PostgresServer
    far_side: FarSide
    plan: Plan = field(factory=Plan)
    gateways: tuple[Gateway, ...] = field(init=False)
    counts: Counts = field(init=False)
    records: Records = field(init=False)
    _started: ExitStack = field(init=False)

    def __enter__(self) -> Self:
        with ExitStack() as started:
            started.callback(self.redis.stop)
            self.redis.start(self.folder)
            self.far_side.start()
            started.callback(self.far_side.stop)
            if self.plan.postgres_host != LOOPBACK:
                self.far_side.relay(self.plan.postgres_host, self.postgres.port)
            self.gateways = tuple(self._gateways(self.postgres.new_database()))
            for gateway in self.gateways:
                started.callback(gateway.kill)
            self.start(*self.gateways)
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def _gateways(self, sessions: str) -> Iterator[Gateway]:
        self.counts = Counts(self.redis)
        self.records = Records(self.postgres, sessions.rpartition("/")[2])
        ports = free_ports(PORTS * len(self.plan.addresses))
        for at in range(len(self.plan.addresses)):
            yield self._gateway(at, ports[PORTS * at : PORTS * (at + 1)], sessions)

    def _gateway(self, at: int, ports: range, sessions: str) -> Gateway:
        name, port, address = f"gw{at + 1}", free_port(), self.plan.addresses[at]
        host = self.plan.host
        config = {
            "node": name,
            "gateway": {"capacity": CAPACITY, "stop_wait_s": STOP_WAIT_S, "on_stop": ON_STOP[at]},
            "rtp": {"bind": address, "advertise": address, "ports": f"{ports[0]}-{ports[-1]}", "quarantine_s": 1},
            "http": f"tcp:{port}:interface={address}",
            "cluster": f"redis://{self.plan.redis_host}:{self.redis.port}/0",
            "sessions": sessions.replace(LOOPBACK, self.plan.postgres_host),
            "asterisks": [
                {
                    "name": asterisk,
                    "ami": f"tcp:{host}:{simulated.ami_port}",
                    "username": simulated.username,
                    "secret": simulated.secret,
                    "host": host,
                    "capacity": CAPACITY,
                }
                for asterisk, simulated in self.far_side.asterisks.items()
            ],
            "trunks": [
                {
                    "name": "paced",
                    "provider": "sip",
                    "host": host,
                    "channels": PACED_CHANNELS,
                    "cps": PACED_CPS,
                    "prefixes": ["+9197"],
                },
                {"name": "lab", "provider": "sip", "host": host, "channels": 1000, "cps": 100},
            ],
            "private_networks": ["127.0.0.0/8"],
            "callbacks": {"first_retry_s": 1},
            "accounts": {ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, **UNLIMITED, "concurrency": 1000}},
            "streams": {"chunk_ms": 60},
            "apps": {"1": {"account": ACCOUNT, "url": self.far_side.bot.url}},
            "numbers": {f"+91{EXOPHONE[1:]}": {"account": ACCOUNT, "app": "1"}},
        }
        for section, settings in self.plan.settings.items():
            is_part = isinstance(settings, dict)
            config[section] = {**config.get(section, {}), **settings} if is_part else settings
        return Gateway(name, self.folder / name, config, address, port, self.plan.prefixes[at])

    # --- gateways

    def start(self, *gateways: Gateway) -> None:
        """Start gateways, and wait until they accept calls and their heartbeats are in Redis."""
        for gateway in gateways:
            gateway.start()
        for gateway in gateways:
            gateway.wait_until_ready()
        self.wait_until_alive(*gateways)

    def wait_until_alive(self, *gateways: Gateway) -> None:
        """Wait until the heartbeats of these gateways are in Redis."""
        wanted = {gateway.name for gateway in gateways}
        eventually(lambda: wanted <= self.counts.alive(), lambda: f"{wanted - self.counts.alive()} send no heartbeat")

    def stop(self, *gateways: Gateway) -> None:
        """Stop gateways by SIGTERM, and wait until they exit with 0."""
        for gateway in gateways:
            gateway.ask_to_stop()
        for gateway in gateways:
            assert gateway.wait_for_end() == 0, gateway.log()

    # --- calls

    def place(self, count: int, *gateways: Gateway) -> list[str]:
        """Place endless calls, at each of these gateways in turn, and wait until their bots are heard."""
        chosen = gateways or self.gateways
        sids = [self._place(chosen[at % len(chosen)], LONG).call_sid for at in range(count)]
        self.wait_until_heard(sids)
        return sids

    def deaf(self, sids: Iterable[str], since: float = 0.0) -> set[str]:
        """Give the calls whose phone has not heard the bot since a moment."""
        phones = self.phones()
        heard = {phone.id for phone in phones if phone.hearing and (phone.hearing.heard_at or 0.0) > since}
        return set(sids) - heard

    def wait_until_heard(self, sids: Iterable[str], since: float = 0.0) -> None:
        """Wait until each of these phones has heard the bot since a moment."""
        wanted = set(sids)
        eventually(
            lambda: not self.deaf(wanted, since), lambda: f"{self.deaf(wanted, since)} hear nothing; {self.state()}"
        )

    def heard_again(self, sids: Iterable[str], since: float) -> list[float]:
        """Wait until each of these phones hears a voice again; give their silences since a moment."""
        self.wait_until_heard(sids, since)
        return self.silences_s(sids, since)

    def traffic(self) -> Traffic:
        """Place a short call every 100 ms, at each gateway in turn."""
        return Traffic(lambda number: self._place(self.gateways[number % len(self.gateways)], SHORT))

    def _place(self, gateway: Gateway, number: str) -> Answer:
        return gateway.place(number, self.far_side.bot.url)

    def clear(self) -> None:
        """End every call, and wait until its lease and session are closed."""
        self.far_side.hang_up(self.phones())
        self.wait_until_left(())

    # --- state

    def phones(self, sids: Iterable[str] | None = None) -> tuple[PhoneInUse, ...]:
        """List the calls that are not over: all, or those of `sids`."""
        wanted = None if sids is None else set(sids)
        return tuple(phone for phone in self.far_side.phones() if wanted is None or phone.id in wanted)

    def live(self) -> dict[str, int]:
        """Count the calls that are not over, on each Asterisk."""
        return dict(Counter(phone.asterisk for phone in self.phones()))

    def silences_s(self, sids: Iterable[str], since: float) -> list[float]:
        """Give the longest silence since a moment at each of these phones in use, in ascending order."""
        now = self.far_side.now
        heard = [phone.hearing for phone in self.phones(sids) if phone.hearing is not None]
        return sorted(hearing.longest_silence_s(since, now) for hearing in heard)

    def resumed(self) -> set[str]:
        """Give the calls whose bot got a `start` with `resumption`."""
        started = [stream.conversation.started for stream in self.far_side.streams()]
        return {start.call_sid for start in started if start.custom_parameters.get("resumption") == "true"}

    def state(self) -> str:
        """Describe the state of the fleet, for the message of a failed test."""
        return (
            f"live {self.live()}, counted {self.counts.on_asterisks()}, held {dict(self.counts.holders())}, "
            f"not ended {len(self.records.live())}, kept {dict(self.records.by_status())}"
        )

    def wait_until_left(self, sids: Iterable[str]) -> None:
        """Wait until only these calls are left: at the phones, in the leases, and in the sessions."""
        left = set(sids)

        def are_left() -> bool:
            phones = self.phones()
            counted = dict(Counter(phone.asterisk for phone in phones))
            return (
                {phone.id for phone in phones} == left == self.records.live()
                and {place.call_sid for place in self.counts.places()} == left
                and self.counts.on_asterisks() == counted
            )

        eventually(are_left, self.state)

    @contextmanager
    def heard_throughout(self, sids: list[str], silence_s: float) -> Iterator[None]:
        """Check that these calls are up at the end of the block, and were never silent for longer than this.

        If the far side itself stood still, the machine did: the limit grows by twice that time.
        """
        began = self.far_side.now
        yield
        silences, own_s = self.silences_s(sids, began), self.far_side.stalled_s(began)
        assert len(silences) == len(sids), f"{len(sids) - len(silences)} of {len(sids)} calls have ended"
        assert silences[-1] < silence_s + 2 * own_s, (
            f"silent; the far side itself stood still for {own_s:.2f} s: {silences}"
        )
