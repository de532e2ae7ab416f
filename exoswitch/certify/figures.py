"""Core: the measurements of a scenario's calls, for whoever keeps them from run to run."""

from collections.abc import Mapping, Sequence

from exoswitch.certify.tape import Tape
from exoswitch.sim.latency import quantile


def figures(tapes: Sequence[Tape]) -> Mapping[str, float]:
    """Sum up calls; what did not happen has no figure."""
    opened = [tape for tape in tapes if tape.opened_at is not None]
    handshakes = sorted(1000 * ((tape.opened_at or 0.0) - tape.began_at) for tape in opened)
    first_audio = [
        1000 * (heard_at - (tape.opened_at or 0.0))
        for tape in opened
        if (heard_at := tape.first_audible()) is not None
    ]
    told = {"calls": float(len(tapes)), "accepted": float(len(opened))}
    if handshakes:
        told["handshake_p50_ms"] = quantile(handshakes, 0.50)
        told["handshake_p99_ms"] = quantile(handshakes, 0.99)
    if first_audio:
        told["first_audio_ms"] = max(first_audio)
    if opened:
        told["messages"] = float(sum(tape.said.messages for tape in opened))
        told["marks"] = float(sum(len(tape.marks) for tape in opened))
        told["longest_queue_ms"] = float(max(tape.longest_queue_ms for tape in opened))
    return {name: round(value, 1) for name, value in told.items()}
