"""What a good call hears while somebody attacks its gateway, and what the attack costs.

    python benchmarks/attacks/run.py [--seconds 4] [--only WORD]

Each attack has a fresh gateway (`twistd exoswitch` in its own process) with one good call. The attacker has its own
process, too. The first row has no attack: it is the noise of the machine.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.internet import reactor, task, threads
from twisted.internet.defer import Deferred

sys.path.append(str(Path(__file__).parents[1]))

from ami import MANAGER
from arguments import duration_s
from bots import BOTS
from network import HTTP, RTP
from resolvers import RESOLVERS
from victim import EVIL, Figures, Victim, free_port

from exoswitch.bench.machine import processor

SERVERS = {**BOTS, **RESOLVERS}
AFTER_S = 1.0
QUIET = "no attack"


async def attacked(name: str, seconds: float) -> Figures:
    """Measure the good call of a fresh gateway during one attack."""
    with tempfile.TemporaryDirectory() as folder:
        evil_port = free_port()
        victim = Victim(Path(folder), evil_port)
        attacker = None
        try:
            await victim.begin()
            if name != QUIET:
                target = victim.rtp_port if name in RTP else victim.http_port
                attacker = start(name, evil_port, target, seconds)
                await threads.deferToThread(attacker.stdout.readline)
                for _ in range(SERVERS[name][0] if name in SERVERS else 0):
                    await victim.place(EVIL, "1002" if name in BOTS else "1003")
                await threads.deferToThread(attacker.stdout.readline)
            figures = victim.measure()
            next(figures)
            await task.deferLater(reactor, seconds + AFTER_S)
            return next(figures)
        finally:
            if attacker is not None:
                attacker.kill()
                attacker.wait()
            await victim.end()


def start(name: str, port: int, target: int, seconds: float) -> "subprocess.Popen[bytes]":
    """Start the attacker's process."""
    command = [sys.executable, str(Path(__file__).with_name("attacker.py")), name]
    command += [str(port), str(target), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


async def main(seconds: float, only: str) -> None:
    """Run all attacks, and print a row for each."""
    print(f"{processor()}, Python {platform.python_version()}; {seconds:g} s of each attack\n")
    print(f"{'attack':<36}{'longest gap, ms':>20}{'frames':>9}{'memory':>10}{'CPU':>7}{'log':>10}")
    print(f"{'':<36}{'phone':>10}{'bot':>10}")
    for name in (QUIET, *SERVERS, *HTTP, *RTP, *MANAGER):
        if only not in name:
            continue
        row = await Deferred.fromCoroutine(attacked(name, seconds)).addTimeout(60 + seconds, reactor)
        print(
            f"{name:<36}{row.gap_phone_ms:>10.0f}{row.gap_bot_ms:>10.0f}{row.frames_share:>9.1%}"
            f"{row.memory_mb:>+7.0f} MB{row.cpu_share:>7.0%}{row.log_kb:>7.0f} kB",
            flush=True,
        )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=duration_s, default=4.0)
    options.add_argument("--only", default="", metavar="WORD", help="the attacks whose name has this word")
    chosen = options.parse_args()
    reactor.seconds = time.monotonic
    task.react(lambda _: Deferred.fromCoroutine(main(chosen.seconds, chosen.only)))
