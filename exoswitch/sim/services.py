"""Adapter: the simulated Asterisk and bot as services that are told everything in words, as on a command line."""

from collections.abc import Mapping
from typing import Any

from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.network import parse_conditions

_NO_SCRIPTS: Mapping[str, str] = {}


def asterisk_service(
    reactor: Any,
    *,
    interface: str = "127.0.0.1",
    port: int = 5038,
    username: str = "exoswitch",
    secret: str = "secret",  # noqa: S107 - a simulator has no secrets
    script: str = "answer-after=1 babble",
    scripts: Mapping[str, str] = _NO_SCRIPTS,
    network: str = "",
    seed: int = 0,
) -> SimulatedAsterisk:
    """Make a simulated Asterisk; `scripts` are by number, or by trunk as ``@lab``.

    Raises:
        InvalidRequest: a script or the network has a word that is not known.
    """
    return SimulatedAsterisk(
        reactor=reactor,
        interface=interface,
        ami_port=port,
        username=username,
        secret=secret,
        script=read_script(script),
        scripts={whom: read_script(text) for whom, text in scripts.items()},
        network=parse_conditions(network),
        seed=seed,
    )


def bot_service(
    reactor: Any, *, interface: str = "127.0.0.1", port: int = 5000, behaviour: str = "echo"
) -> SimulatedBot:
    """Make a simulated bot.

    Raises:
        InvalidRequest: the behaviour has a word that is not known.
    """
    return SimulatedBot(reactor=reactor, interface=interface, port=port, behaviour=parse_behaviour(behaviour))
