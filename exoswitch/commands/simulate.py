"""Root: `exoswitch sim`: a simulated Asterisk, or a simulated bot, until it is interrupted."""

import argparse
from typing import Any

from exoswitch.commands.reactor import serve
from exoswitch.printable import printable
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.network import parse_conditions
from exoswitch.sim.trunks import parse_trunk


def run_asterisk(options: argparse.Namespace) -> int:
    """Serve a simulated Asterisk; give the exit status."""
    script, network = read_script(options.script), parse_conditions(options.network)
    scripts = {who: read_script(words) for who, words in options.script_of}
    trunks = [parse_trunk(name, words) for name, words in options.trunk]

    def start(reactor: Any) -> str:
        asterisk = SimulatedAsterisk(
            reactor=reactor,
            username=options.username,
            secret=options.secret,
            ami_port=options.ami_port,
            script=script,
            scripts=scripts,
            trunks=trunks,
            network=network,
            seed=options.seed,
        )
        asterisk.startService()
        if options.call_in:
            reactor.callLater(options.call_in_after, asterisk.call_in, options.caller, options.call_in)
        return f"simulated Asterisk: AMI at {asterisk.endpoint}, username {options.username}"

    return serve(start)


def run_bot(options: argparse.Namespace) -> int:
    """Serve a simulated bot; give the exit status."""
    behaviour = parse_behaviour(options.behaviour)

    def start(reactor: Any) -> str:
        bot = SimulatedBot(reactor=reactor, behaviour=behaviour, port=options.port, tell=_say)
        bot.startService()
        return f"simulated bot: {bot.url}"

    return serve(start)


def _say(text: str) -> None:
    """Print a line at once, also into a file or a pipe; its text is from the other side."""
    print(printable(text), flush=True)
