"""Gateways of the one real Asterisk: a pair that shares a Redis and a PostgreSQL, or a single one."""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from attrs import define, field

from exoswitch.fleet.timings import FleetTimings
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.fleet.books import Counts, Records
from tests.harness.fleet.fleet import eventually
from tests.harness.fleet.gateway import ACCOUNT, API_KEY, API_TOKEN, Gateway
from tests.harness.postgres_server import PostgresServer
from tests.harness.redis_server import RedisServer
from tests.harness.unlimited import UNLIMITED

HOST = "127.0.0.1"
EXOPHONE = "+918047491899"
PORTS = 200
SETTLED_S = FleetTimings().settle_s + 0.3  # a new gateway declares no other dead before


def gateway(
    name: str, folder: Path, asterisk: AsteriskServer, bot_port: int, *, ami: str = "", **settings: Any
) -> Gateway:
    """Make a gateway for this Asterisk, not yet started; `settings` replace sections or single keys.

    It connects to `ami` in place of Asterisk's own endpoint.
    """
    pbx, trunk = asterisk.pbx, asterisk.config.trunks[0]
    port, rtp_ports = free_port(), free_ports(PORTS)
    config: dict[str, Any] = {
        "node": name,
        "gateway": {"capacity": 100, "on_stop": "hand-over", "stop_wait_s": 5},
        "rtp": {"bind": HOST, "advertise": HOST, "ports": f"{rtp_ports[0]}-{rtp_ports[-1]}", "quarantine_s": 1},
        "http": f"tcp:{port}:interface={HOST}",
        "asterisks": [
            {
                "name": pbx.name,
                "ami": ami or pbx.ami,
                "username": pbx.username,
                "secret": pbx.secret,
                "host": pbx.host,
            }
            | {"capacity": pbx.capacity, "rtp_ports": f"{pbx.rtp_ports[0]}-{pbx.rtp_ports[-1]}"}
        ],
        "trunks": [
            {"name": trunk.name, "provider": "sip", "host": trunk.host, "port": trunk.port, "codecs": ["ulaw"]}
            | {"channels": pbx.capacity, "cps": 50}
        ],
        "private_networks": ["127.0.0.0/8"],
        "accounts": {ACCOUNT: {"api_key": API_KEY, "api_token": API_TOKEN, **UNLIMITED}},
        "streams": {"chunk_ms": 100},
        "apps": {"1": {"account": ACCOUNT, "url": f"ws://{HOST}:{bot_port}/"}},
        "numbers": {EXOPHONE: {"account": ACCOUNT, "app": "1"}},
    }
    for section, value in settings.items():
        config[section] = {**config.get(section, {}), **value} if isinstance(value, dict) else value
    return Gateway(name, folder / name, config, HOST, port)


@define(eq=False)
class Pair:
    """A context manager: both gateways are ready inside it; on exit both stop.

    At the begin of a test the second gateway is older than the first: tests end the first one and start it again.
    `amis` are the endpoints that they connect to in place of Asterisk's own, by their names.
    """

    folder: Path
    asterisk: AsteriskServer
    postgres: PostgresServer
    bot_port: int
    settings: dict[str, Any] = field(factory=dict)
    amis: dict[str, str] = field(factory=dict)
    first: Gateway = field(init=False)
    second: Gateway = field(init=False)
    counts: Counts = field(init=False)
    records: Records = field(init=False)
    _redis: RedisServer = field(init=False, factory=RedisServer)
    _settled_at: float = field(init=False, default=0.0)
    _started: ExitStack = field(init=False)

    def __enter__(self) -> Self:
        with ExitStack() as started:
            redis = self._redis
            started.callback(redis.stop)
            redis.start(self.folder)
            sessions = self.postgres.new_database()
            self.counts, self.records = Counts(redis), Records(self.postgres, sessions.rpartition("/")[2])
            shared = {"cluster": f"redis://{HOST}:{redis.port}/0", "sessions": sessions, **self.settings}
            self.first, self.second = (
                gateway(name, self.folder, self.asterisk, self.bot_port, ami=self.amis.get(name, ""), **shared)
                for name in ("gw1", "gw2")
            )
            for each in (self.first, self.second):
                started.callback(each.kill)
            self.start(self.first, self.second)
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()

    def start(self, *gateways: Gateway) -> None:
        """Start gateways, and wait until they accept calls and their heartbeats are in Redis."""
        for each in gateways:
            each.start()
        for each in gateways:
            each.wait_until_ready()
            eventually(lambda name=each.name: name.encode() in self._alive(), self._alive)
        if self.second in gateways:
            self._settled_at = time.monotonic() + SETTLED_S

    def _alive(self) -> bytes:
        """Give the names of the gateways with a valid heartbeat in Redis."""
        return self._redis.call("ZRANGEBYSCORE", "exoswitch:heartbeats", round(time.time() * 1000), "+inf")

    def wait_until_settled(self) -> None:
        """Wait until the second gateway may declare the first one dead."""
        time.sleep(max(0.0, self._settled_at - time.monotonic()))

    def holders(self) -> Counter[str]:
        """Count the leases of each gateway."""
        return self.counts.holders()

    def logs(self) -> str:
        """Give the ends of both logs."""
        return "\n".join(f"--- {each.name}\n{each.log()}" for each in (self.first, self.second))
