"""Compares the price of a thousand real calls with the carrier's own records, for each pulse.

    python benchmarks/charges.py [--calls 1000] [--per-second 10]        # root; as for the tests in tests/e2e

A real Asterisk and one gateway dial on a carrier of our own, which notes when each call was answered and ended. The
price of its record is computed without the gateway's code. The calls last up to three seconds; in the first half of
them, one of twenty lasts a first pulse longer, so that further pulses are billed, too. Asterisk ends calls without
audio after a minute, and these have none: pulses of a minute are billed once.
"""

import argparse
import platform
import random
import sys
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from arguments import at_least_one

from exoswitch.bench.machine import processor
from tests.harness.carrier.behaviours import answers
from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.lab import PULSES, pulse_pair
from tests.harness.carrier.load import Load
from tests.harness.carrier.pairs import Pairs
from tests.harness.carrier.price import MINUTE_S, price, talk_s
from tests.harness.carrier.rig import asterisk_section, gateway_file, http_port, loaded
from tests.harness.e2e.asterisk_root import asterisk_root
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.gateway import GatewayProcess

LONG_EVERY = 20


def rig(started: ExitStack, folder: Path) -> tuple[Carrier, Pairs, Bot, GatewayProcess]:
    """Start the carrier with a trunk for each pulse, Asterisk, the gateway and the bot."""
    carrier = started.enter_context(Carrier())
    pairs = Pairs(carrier)
    for pulse, rate in PULSES.items():
        pairs.add(pulse_pair(pulse), {"cost": {"rate": rate, "pulse": pulse}})
    bot = started.enter_context(Bot())
    silence = {"silence_timeout_s": 2 * MINUTE_S}
    file = gateway_file(folder, asterisk_section(), pairs.entries, bot_port=bot.port, rtp=silence)
    started.enter_context(AsteriskServer(asterisk_root(print), folder / "asterisk", loaded(file)))
    gateway = GatewayProcess(folder / "gateway", file.read_text(), http_port(file))
    return carrier, pairs, bot, started.enter_context(gateway)


def planned(pairs: Pairs, calls: int) -> dict[str, str]:
    """Choose how long each call lasts; give the number of each, with the pulse of its trunk."""
    chance, pulses = random.Random(11), {}
    for count in range(calls):
        pulse = tuple(PULSES)[count % len(PULSES)]
        pair = pairs[pulse_pair(pulse)]
        number = pair.number()
        first_s = int(pulse.partition("+")[0])
        is_long = first_s < MINUTE_S and count < calls / 2 and count // len(PULSES) % LONG_EVERY == 0
        pair.first.numbers[number[-10:]] = answers(talk_s=first_s * is_long + talk_s(chance, most=3))
        pulses[number] = pulse
    return pulses


def compare(pulses: dict[str, str], prices: dict[str, Decimal], seconds: dict[str, float]) -> int:
    """Print a line for each pulse; give the number of calls whose price differs."""
    print("pulse  calls     rupees  carrier's  differing")
    wrong = 0
    for pulse, rate in PULSES.items():
        numbers = [number for number in pulses if pulses[number] == pulse]
        ours = [prices[number] for number in numbers]
        theirs = [price(pulse, rate, seconds[number]) for number in numbers]
        differing = sum(one != other for one, other in zip(ours, theirs, strict=True))
        wrong += differing
        print(f"{pulse:<5}{len(numbers):>7}{sum(ours):>11.3f}{sum(theirs):>11.3f}{differing:>11}")
    return wrong


def main() -> int:
    """Place the calls, and compare; 1 if a price differs or a call is lost."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=at_least_one, default=1000)
    options.add_argument("--per-second", type=at_least_one, default=10)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        carrier, pairs, bot, gateway = rig(started, Path(folder))
        print(f"{processor()}, Python {platform.python_version()}\n", flush=True)
        pulses = planned(pairs, chosen.calls)
        with Load(gateway, bot.url) as load:
            load.place(pulses, chosen.per_second)
            lost = load.lost()
        if lost:
            print(f"{len(lost)} calls were lost, such as {lost[0]}")
            return 1
        prices = {placed.number: Decimal(gateway.call(placed.call_sid)["Price"]) for placed in load.placed}
        seconds = {record.number: record.seconds for record in carrier.records.cdrs}
    return 1 if compare(pulses, prices, seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
