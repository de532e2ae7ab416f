"""A gateway in its own process with one good call, which is measured while something else is attacked.

The simulated Asterisk, its phones and the good bot run in this process. The good call always has audio in both
directions: the longest wait between two packets at each end is the gap that a caller or a bot hears.
"""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import treq
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor, task
from twisted.internet.error import ConnectionRefusedError  # noqa: A004 - Twisted's own
from twisted.internet.protocol import Factory

from exoswitch.audio.frames import FRAME_BYTES, FRAME_S
from exoswitch.sim.asterisk import SimulatedAsterisk, SimulatedCall, read_script
from exoswitch.sim.behaviour import media_message
from exoswitch.sim.network import Network

_UNLIMITED = {"calls_per_minute": 1_000_000, "reads_per_minute": 1_000_000}
HOST = "127.0.0.1"
PCM = bytes(range(160)) * 2
GOOD, EVIL = "good", "evil"
NUMBER = "+918047491899"


class GoodBot(WebSocketServerProtocol):
    """Sends 20 ms of audio every 20 ms, and notes the messages with the caller's audio."""

    def onOpen(self) -> None:
        self.stream_sid = ""
        self.talking = task.LoopingCall(self.talk)
        self.talking.start(FRAME_S, now=False)

    def talk(self) -> None:
        self.sendMessage(media_message(self.stream_sid, PCM).encode())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        now, message = time.monotonic(), json.loads(payload)
        if message["event"] == "media":
            self.factory.heard_at.append(now)
            self.factory.heard.append(base64.b64decode(message["media"]["payload"]))
        elif message["event"] == "start":
            self.stream_sid = message["stream_sid"]

    def onClose(self, *_reasons: object) -> None:
        if hasattr(self, "talking") and self.talking.running:
            self.talking.stop()


class NotedNetwork:
    """The network to the good phone, which notes the time of each packet."""

    def __init__(self, network: Network, heard_at: list[float]) -> None:
        self.network, self.heard_at = network, heard_at
        self.due, self.next_deadline, self.statistics = network.due, network.next_deadline, network.statistics

    def send(self, data: bytes, now: float) -> None:
        self.heard_at.append(time.monotonic())
        self.network.send(data, now)


@dataclass
class Figures:
    """What a good call noticed of an attack, and what it cost the gateway.

    `frames_share`: of the phone's frames, those that reached the bot as they were.
    """

    gap_phone_ms: float
    gap_bot_ms: float
    frames_share: float
    memory_mb: float
    cpu_share: float
    log_kb: float


class Victim:
    """The gateway under attack, with its good call."""

    def __init__(self, folder: Path, evil_port: int) -> None:
        self.folder = folder
        self.asterisk = SimulatedAsterisk(reactor=reactor, script=read_script("answer-after=0.2 babble=3600 hangup"))
        self.asterisk.startService()
        self.bots = WebSocketServerFactory(reactor=reactor)
        self.bots.protocol = GoodBot
        self.bots.heard_at, self.bots.heard = [], []
        self.bot_port = reactor.listenTCP(0, self.bots, interface=HOST).getHost().port
        self.http_port, self.evil_port = free_port(), evil_port
        self.phone_heard_at: list[float] = []
        (folder / "exoswitch.yaml").write_text(json.dumps(self.config()), encoding="ascii")  # JSON is YAML
        command = [sys.executable, "-m", "twisted", "--log-format=text", "exoswitch", "--config", "exoswitch.yaml"]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def config(self) -> dict[str, object]:
        """Give the gateway's configuration: a good account, and the attacker's."""
        asterisk = self.asterisk
        ami = {"ami": asterisk.endpoint, "username": asterisk.username, "secret": asterisk.secret}
        return {
            "node": "victim",
            "gateway": {"capacity": 100, "stop_wait_s": 0},
            "rtp": {"bind": HOST, "ports": "23000-23999", "quarantine_s": 1},
            "http": f"tcp:{self.http_port}:interface={HOST}",
            "sessions": "memory",
            "asterisks": [
                {"name": "pbx", "host": HOST, **ami},
                {"name": "evil", "host": HOST, **ami, "ami": f"tcp:{HOST}:{self.evil_port}"},
            ],
            "trunks": [{"name": "lab", "provider": "sip", "host": HOST, "cps": 100, "channels": 100}],
            "accounts": {
                name: {"api_key": name, "api_token": f"{name}-token-{'x' * 16}", **_UNLIMITED}
                for name in (GOOD, EVIL)
            },
            "apps": {
                "1001": {"account": GOOD, "url": f"ws://{HOST}:{self.bot_port}/", "chunk_ms": 20},
                "1002": {"account": EVIL, "url": f"ws://{HOST}:{self.evil_port}/"},
                "1003": {"account": EVIL, "url": f"http://{HOST}:{self.evil_port}/"},
            },
            "numbers": {
                NUMBER: {"account": GOOD, "app": "1001"},
                "+918047491800": {"account": EVIL, "app": "1002"},
            },
        }

    async def begin(self) -> None:
        """Wait until the gateway is ready, and begin the good call."""
        url = f"http://{HOST}:{self.http_port}/readyz"
        while self.process.poll() is None:
            try:
                if (await treq.get(url, persistent=False)).code == 200:
                    break
            except ConnectionRefusedError:
                pass
            await task.deferLater(reactor, 0.1)
        else:
            sys.exit(f"the gateway did not start:\n{self.log.read_text()}")
        call = await self.place(GOOD, "1001", NUMBER)
        phone = await call.bridged.next()
        phone.from_gateway = NotedNetwork(phone.from_gateway, self.phone_heard_at)
        self.caller, self.rtp_port = phone.caller, phone.remote[1]
        await task.deferLater(reactor, 2.0)

    async def place(self, account: str, app: str, number: str = "+918047491800") -> SimulatedCall:
        """Place a call by REST; give the ringing call."""
        answer = await treq.post(
            f"http://{HOST}:{self.http_port}/v1/Accounts/{account}/Calls/connect.json",
            data={
                "From": "09812345610",
                "CallerId": number,
                "Url": f"http://my.exotel.com/{account}/exoml/start_voice/{app}",
            },
            auth=(account, f"{account}-token-{'x' * 16}"),
            persistent=False,
        )
        if answer.code != 200:
            sys.exit(f"a call was refused: {await answer.text()}")
        return await self.asterisk.new_calls.next()

    def measure(self) -> Iterator[Figures]:
        """Begin to measure; the next item is the figures since then."""
        began, cpu_s = time.monotonic(), self.cpu_s()
        memory_kb, log_bytes = self.resident_kb(), self.log.stat().st_size
        self.peak_kb = memory_kb
        self.phone_heard_at.clear()
        self.bots.heard_at.clear()
        self.bots.heard.clear()
        sampling = task.LoopingCall(self.sample)
        sampling.start(0.05)
        yield None
        sampling.stop()
        elapsed_s = time.monotonic() - began
        yield Figures(
            gap_phone_ms=longest_gap_ms([began, *self.phone_heard_at, began + elapsed_s]),
            gap_bot_ms=longest_gap_ms([began, *self.bots.heard_at, began + elapsed_s]),
            frames_share=self.heard_frames() / (elapsed_s / FRAME_S),
            memory_mb=(self.peak_kb - memory_kb) / 1024,
            cpu_share=(self.cpu_s() - cpu_s) / elapsed_s,
            log_kb=(self.log.stat().st_size - log_bytes) / 1024,
        )

    def heard_frames(self) -> int:
        """Count the messages at the bot that have a frame of the phone, and not a concealed one."""
        spoken = bytes(self.caller.spoken)
        said = {spoken[at : at + FRAME_BYTES] for at in range(0, len(spoken), FRAME_BYTES)}
        return sum(frame in said for frame in self.bots.heard)

    def sample(self) -> None:
        """Note the highest memory."""
        self.peak_kb = max(self.peak_kb, self.resident_kb())

    def resident_kb(self) -> int:
        """Give the gateway's resident memory; 0 when it has died."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def cpu_s(self) -> float:
        """Give the CPU seconds of the gateway."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    async def end(self) -> None:
        """Stop everything; a gateway under attack is killed."""
        self.process.kill()
        self.process.wait()
        await self.asterisk.stopService()


def longest_gap_ms(moments: list[float]) -> float:
    """Give the longest time between two neighbours."""
    return 1000 * max(later - earlier for earlier, later in pairwise(moments))


def free_port() -> int:
    """Find a free TCP port by binding it for a moment."""
    listening = reactor.listenTCP(0, Factory(), interface=HOST)
    listening.stopListening()
    return listening.getHost().port
