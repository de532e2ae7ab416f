"""Core: the figures of one trial: what a call cost, how late its audio came, and what was lost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from exoswitch.bench.job import Kind

_FULL = 0.97  # of a core
_TENTHS = 10.0  # of a millisecond: the unit in which the load counts delays


@frozen
class Lateness:
    """How late the ticks of a media plane began, in ms."""

    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


@frozen
class Delays:
    """The delays of one direction, in ms; 0 if none was measured."""

    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    max_ms: float = 0.0

    @classmethod
    def of(cls, counted: Iterable[Iterable[Sequence[int]]]) -> "Delays":
        """Sum up counts of several loads, each a pair: tenths of a millisecond, and how often."""
        counts: Counter[int] = Counter()
        for load in counted:
            for tenths, count in load:
                counts[tenths] += count
        total, ordered = counts.total(), sorted(counts.items())
        if not total:
            return cls()

        def share(part: float) -> float:
            seen = 0
            for tenths, count in ordered:
                seen += count
                if seen >= part * total:
                    return tenths / _TENTHS
            return ordered[-1][0] / _TENTHS

        return cls(share(0.5), share(0.9), share(0.99), share(0.999), ordered[-1][0] / _TENTHS)


@frozen(kw_only=True)
class Way:
    """The audio of one direction: frames that were sent, their delays, and the share that never came.

    `arrived` frames came whole. `joined` ones came two in one, the first faded into the second: a jitter buffer that
    makes its delay shorter does so.
    """

    sent: int
    arrived: int
    delays: Delays
    joined: int = 0

    @classmethod
    def of(cls, loads: Sequence[Mapping[str, Any]]) -> "Way":
        """Sum up what several loads have counted."""
        return cls(
            sent=sum(load["sent"] for load in loads),
            arrived=sum(load["arrived"] for load in loads),
            joined=sum(load["joined"] for load in loads),
            delays=Delays.of(load["delays"] for load in loads),
        )

    @property
    def lost(self) -> float:
        """The share of frames that did not arrive, neither whole nor joined."""
        return max(0.0, 1 - (self.arrived + self.joined) / self.sent) if self.sent else 0.0

    @property
    def left_out(self) -> float:
        """The share of time that was left out on purpose: one of two frames that were joined."""
        return self.joined / 2 / self.sent if self.sent else 0.0


@frozen(kw_only=True)
class Measured:
    """The figures of one trial.

    `cpu` is the processor time of the subject in a second. `carried` is the smaller share, of both directions, of the
    packets and messages that came to the phones and bots: the floor sends no audio that could be traced. `memory_kb`
    and `descriptors_call` are of one call, `descriptors` those without calls. `late` is the lateness of the plane's
    ticks, `load_late` that of the load. `tick` is the thread of the plane's ticks: ``reactor`` or ``thread``.
    `set_ups` short calls began each second, and `failed_set_ups` of all of them did not reach their bot in time.
    """

    kind: Kind
    calls: int
    chunk_ms: int
    seconds: float
    cpu: float
    to_bot: Way
    to_phone: Way
    carried: float
    memory_kb: float
    descriptors: int
    descriptors_call: float
    load_cpu: float
    load_late: Delays
    late: Lateness | None = None
    plane: str = ""
    tick: str = ""
    set_ups: float = 0.0
    failed_set_ups: int = 0
    counts: Mapping[str, int]

    @property
    def cost_ms(self) -> float:
        """The processor time of one second of one call, in ms."""
        return 1000 * self.cpu / self.calls

    @property
    def calls_a_core(self) -> float:
        """The calls that one core would carry at this cost."""
        return self.calls / self.cpu if self.cpu else 0.0

    @property
    def is_full(self) -> bool:
        """Whether the subject used a whole core: it left work undone, and its time is not the cost of the calls."""
        return self.cpu > _FULL

    @property
    def worst_p99_ms(self) -> float:
        """The p99 of the delay, in the worse direction."""
        return max(self.to_bot.delays.p99_ms, self.to_phone.delays.p99_ms)

    @property
    def worst_loss(self) -> float:
        """The share of lost audio, in the worse direction."""
        return max(self.to_bot.lost, self.to_phone.lost)

    def document(self) -> dict[str, Any]:
        """Write it for JSON; the audio of the floor cannot be traced, so its ways are None."""
        derived = {
            "cost_ms": self.cost_ms,
            "calls_a_core": self.calls_a_core,
            "lost_to_bot": self.to_bot.lost,
            "lost_to_phone": self.to_phone.lost,
            "left_out_to_bot": self.to_bot.left_out,
        }
        ways = ("to_bot", "to_phone", "lost_to_bot", "lost_to_phone", "left_out_to_bot")
        return {**asdict(self), **derived, **(dict.fromkeys(ways) if self.kind == "floor" else {})}


@frozen(kw_only=True)
class Limits:
    """The limits of audio that people can talk with: the p99 of its delay, and the share that may be lost."""

    delay_ms: float
    loss: float

    def broken(self, measured: Measured) -> str:
        """Say which limit a trial breaks; an empty text if none."""
        if measured.carried < 1 - max(self.loss, 0.02):
            return f"only {measured.carried:.1%} of the packets and messages came"
        if measured.worst_loss > self.loss:
            return f"{measured.worst_loss:.2%} of the audio was lost"
        if measured.worst_p99_ms > self.delay_ms:
            return f"p99 of the delay was {measured.worst_p99_ms:.1f} ms"
        return ""
