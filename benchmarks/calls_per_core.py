"""How many calls one core carries: CPU time of a gateway process with simulated calls, audio both ways.

    python benchmarks/calls_per_core.py [--calls 100] [--seconds 10]

For each message length (20 ms and 100 ms) it runs exoswitch's media plane and, as a measure, a plain design: a
DatagramProtocol and a LoopingCall a call, `sendMessage`, `json.loads`. Only the gateway's own CPU counts; phones and
bots run in another process. The ratio of the two means more than either on a shared machine.
"""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

from arguments import at_least_one, duration_s
from machine import processor

HERE = Path(__file__).parent
SETTLE_S = 3.0


def measure(kind: str, calls: int, chunk_ms: int, seconds: float) -> dict[str, float]:
    """Run one gateway with its load; give its CPU per wall second and what arrived."""
    load = _start("load.py", str(calls), str(chunk_ms), str(SETTLE_S + seconds + 1))
    gateway = _start("gateways.py", kind, str(chunk_ms), str(seconds))
    try:
        gateway.stdin.write(load.stdout.readline())
        gateway.stdin.flush()
        load.stdin.write(gateway.stdout.readline())
        load.stdin.flush()
        cpu = json.loads(gateway.stdout.readline())
        arrived = json.loads(load.stdout.readline())
    finally:
        for process in (load, gateway):
            process.kill()
            process.wait()
    return {**cpu, **arrived}


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def main() -> None:
    """Measure everything and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=at_least_one, default=100)
    options.add_argument("--seconds", type=duration_s, default=10.0)
    options.add_argument(
        "--plain-calls", type=at_least_one, default=60, help="fewer, so that the plain design keeps up"
    )
    chosen = options.parse_args()
    print(f"{processor()}, Python {platform.python_version()}; {chosen.seconds:g} s each\n")
    print("design   message   calls   CPU      calls a core   audio back   to the bots")
    for chunk_ms in (20, 100):
        rates = {}
        for kind, calls in (("plain", chosen.plain_calls), ("plane", chosen.calls)):
            row = measure(kind, calls, chunk_ms, chosen.seconds)
            share = row["cpu_s"] / row["wall_s"]
            rates[kind] = calls / share
            print(
                f"{kind:<8} {chunk_ms:>4} ms  {calls:>6}  {share:>5.1%}  {rates[kind]:>12.0f}"
                f"  {row['rtp_back'] / row['rtp_sent']:>10.1%}  {row['bytes_at_bots'] / 1e6:>9.1f} MB",
                flush=True,
            )
        print(f"         the plane carries {rates['plane'] / rates['plain']:.1f} times as many\n")


if __name__ == "__main__":
    main()
