"""Root: the question of a command to the gateway that runs on this machine with a configuration file."""

from pathlib import Path

from exoswitch.config.model import Config
from exoswitch.control.client import ask
from exoswitch.control.messages import Answer, Request
from exoswitch.errors import BackendUnavailable


def ask_gateway(config: Config, file: Path, command: str, timeout_s: float) -> Answer:
    """Ask the gateway that runs with this file.

    Raises:
        BackendUnavailable: no gateway answers.
    """
    if config.sessions == "memory":
        raise BackendUnavailable(
            "with sessions: memory a gateway has no folder of its own, so no command finds it: send it SIGHUP for a "
            "reload, and see its log"
        )
    return ask(Path(config.journal), Request(command, str(file.resolve())), timeout_s)
