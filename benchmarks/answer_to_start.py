"""How long an answered phone waits for its bot: from the answer to `start`.

    python benchmarks/answer_to_start.py [--calls 50]

A whole gateway runs as `twistd exoswitch`, in its own process. The simulated Asterisk and bot run in this process, so
both times come from one clock, and they take no time of the gateway. The wait consists of the answer through AMI, the
connection to the bot, for wss the TLS handshake, the upgrade, and `connected`. All of this is on the loopback
interface: a real network adds two round trips to the bot, and one more for wss.
"""

import argparse
import ipaddress
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import treq
from cryptography import x509
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError  # noqa: A004 - Twisted's own
from twisted.internet.protocol import Factory
from twisted.internet.ssl import PrivateCertificate
from twisted.protocols.tls import TLSMemoryBIOFactory

from exoswitch.sim.asterisk import SimulatedAsterisk, SimulatedCall, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import BotFactory, BotStream, SimulatedBot
from exoswitch.sim.conversation import Started
from exoswitch.sim.latency import quantile

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one

from exoswitch.bench.machine import processor
from tests.harness.certificates import certificate_pem

HOST = "127.0.0.1"
APPS = {"ws": "1001", "wss": "1002"}
AT_ONCE = 10
WARM_UP_CALLS = 10
RINGING_S = 0.2  # plus up to 20 ms, so that answers come at any time between two ticks
PATIENCE_S = 30.0


class Bench:
    """The simulated Asterisk and bot, and the gateway between them."""

    def __init__(self, folder: Path) -> None:
        self.asterisk = SimulatedAsterisk(reactor=reactor, script=read_script("no-answer"))
        self.bot = SimulatedBot(reactor=reactor, behaviour=parse_behaviour("silent"))
        self.asterisk.startService()
        self.bot.startService()
        certificate, key = certificate_pem(x509.IPAddress(ipaddress.ip_address(HOST)))
        tls = PrivateCertificate.loadPEM(certificate + key).options()
        over_tls = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=BotFactory(self.bot))
        self.tls_port = reactor.listenTCP(0, over_tls, interface=HOST).getHost().port
        (folder / "bot.pem").write_bytes(certificate)
        self.http_port = free_port()
        (folder / "exoswitch.yaml").write_text(json.dumps(self.config()))  # JSON is YAML
        command = [sys.executable, "-m", "twisted", "--log-level=warn", "exoswitch", "--config", "exoswitch.yaml"]
        self.gateway = subprocess.Popen(command, cwd=folder)

    def config(self) -> dict[str, object]:
        """Give the gateway's configuration."""
        asterisk = self.asterisk
        ami = {"ami": asterisk.endpoint, "username": asterisk.username, "secret": asterisk.secret}
        secure = {"url": f"wss://{HOST}:{self.tls_port}/", "ca_file": "bot.pem"}
        return {
            "node": "bench",
            "gateway": {"capacity": 20},
            "rtp": {"bind": HOST, "ports": "21000-21999", "quarantine_s": 1},
            "http": f"tcp:{self.http_port}:interface={HOST}",
            "asterisks": [{"name": "pbx", "host": HOST, **ami}],
            "trunks": [{"name": "lab", "provider": "sip", "host": HOST, "cps": 100}],
            "accounts": {
                "bench": {
                    "api_key": "key",
                    "api_token": "token",
                    "caller_ids": ["08047491899"],
                    "calls_per_minute": 100_000,
                    "reads_per_minute": 100_000,
                }
            },
            "apps": {
                APPS["ws"]: {"account": "bench", "url": self.bot.url},
                APPS["wss"]: {"account": "bench", **secure},
            },
        }

    async def wait_until_ready(self) -> None:
        """Wait until the gateway can place calls."""
        while self.gateway.poll() is None:
            try:
                if (await treq.get(f"http://{HOST}:{self.http_port}/readyz", persistent=False)).code == 200:
                    return
            except ConnectionRefusedError:
                pass
            await task.deferLater(reactor, 0.1)
        sys.exit("the gateway did not start")

    async def place(self, scheme: str) -> SimulatedCall:
        """Place a call by REST; give the ringing call."""
        flow = f"http://my.exotel.com/bench/exoml/start_voice/{APPS[scheme]}"
        answer = await treq.post(
            f"http://{HOST}:{self.http_port}/v1/Accounts/bench/Calls/connect.json",
            data={"From": "09812345610", "CallerId": "08047491899", "Url": flow},
            auth=("key", "token"),
            persistent=False,
        )
        assert answer.code == 200, await answer.text()
        return await self.asterisk.new_calls.next()

    async def answer_all(self, calls: list[SimulatedCall]) -> list[float]:
        """Answer all phones at once; give the seconds from each answer to its `start`, and hang up."""
        await task.deferLater(reactor, RINGING_S + random.uniform(0, 0.02))
        answered_at = {}
        for call in calls:
            answered_at[call.channel_id] = time.monotonic()
            call.answer()
        streams = [await self.started() for _ in calls]
        waits_s = [at - answered_at[start.call_sid] for _, at, start in streams]
        for call in calls:
            call.hang_up()
        for stream, _, _ in streams:
            await stream.closed.next()
        return waits_s

    async def started(self) -> tuple[BotStream, float, Started]:
        """Wait for a stream's `start`; give the stream, the time of its `start`, and the `start`."""
        stream = await self.bot.streams.next()
        await stream.told.next(lambda told: isinstance(told, Started))
        return stream, *next(event for event in stream.conversation.events if isinstance(event[1], Started))

    async def measure(self, scheme: str, at_once: int, calls: int) -> list[float]:
        """Make this number of calls, `at_once` together; give their waits, the shortest first."""
        waits_s: list[float] = []
        while len(waits_s) < calls:
            ringing = [await self.place(scheme) for _ in range(at_once)]
            answered = Deferred.fromCoroutine(self.answer_all(ringing))
            waits_s += await answered.addTimeout(PATIENCE_S, reactor)
        return sorted(waits_s)


def free_port() -> int:
    """Find a free TCP port by binding it for a moment."""
    listening = reactor.listenTCP(0, Factory(), interface=HOST)
    listening.stopListening()
    return listening.getHost().port


async def run(bench: Bench, calls: int) -> None:
    """Measure everything and print the table."""
    await Deferred.fromCoroutine(bench.wait_until_ready()).addTimeout(PATIENCE_S, reactor)
    for scheme in APPS:
        await bench.measure(scheme, 1, WARM_UP_CALLS)
    print(f"{processor()}, Python {platform.python_version()}; ms from the answer to `start`\n")
    print(f"bot   {'at once':>8}{'calls':>8}{'p50':>9}{'p99':>9}{'max':>9}")
    for scheme in APPS:
        for at_once in (1, AT_ONCE):
            waits_s = await bench.measure(scheme, at_once, calls)
            figures = "".join(f"{1000 * quantile(waits_s, share):>9.1f}" for share in (0.5, 0.99, 1.0))
            print(f"{scheme:<6}{at_once:>8}{len(waits_s):>8}{figures}", flush=True)


async def main(_reactor: object) -> None:
    """Start everything, measure, and stop the gateway."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=at_least_one, default=50)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            await run(bench, chosen.calls)
        finally:
            bench.gateway.kill()
            bench.gateway.wait()


if __name__ == "__main__":
    reactor.seconds = time.monotonic
    task.react(lambda chosen: Deferred.fromCoroutine(main(chosen)))
