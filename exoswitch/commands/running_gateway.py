"""Root: the question of a command to the gateway processes that run on this machine with a configuration file."""

from collections.abc import Iterator
from pathlib import Path

from exoswitch.config.model import Config
from exoswitch.config.processes import processes
from exoswitch.control.client import ask
from exoswitch.control.messages import Answer, Request
from exoswitch.errors import BackendUnavailable


def ask_gateway(config: Config, file: Path, command: str, timeout_s: float) -> Answer:
    """Ask the gateway that runs with this file; of several processes, the first one that answers.

    Raises:
        BackendUnavailable: no gateway answers.
    """
    unanswered = None
    for _, answer in ask_each(config, file, command, timeout_s):
        if not isinstance(answer, BackendUnavailable):
            return answer
        unanswered = unanswered or answer
    raise unanswered or BackendUnavailable("no gateway was asked")


def ask_each(
    config: Config, file: Path, command: str, timeout_s: float
) -> Iterator[tuple[str, Answer | BackendUnavailable]]:
    """Ask each process that shares this file, one after the other; give its name, and its answer or the fault.

    Raises:
        BackendUnavailable: no process can be found.
    """
    if config.sessions == "memory":
        raise BackendUnavailable(
            "with sessions: memory a gateway has no folder of its own, so no command finds it: send it SIGHUP for a "
            "reload, and see its log"
        )
    for _, part in processes(config):
        try:
            yield part.node, ask(Path(part.journal), Request(command, str(file.resolve())), timeout_s)
        except BackendUnavailable as fault:
            yield part.node, fault
