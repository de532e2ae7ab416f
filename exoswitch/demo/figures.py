"""Core: the figures of a demonstration, with their limits, as a table."""

from math import inf

from attrs import field, frozen

from exoswitch.audio.frames import FRAME_S
from exoswitch.sim.caller import Caller
from exoswitch.sim.conversation import Conversation
from exoswitch.sim.latency import Meters


@frozen
class Figure:
    """One figure. The limit is its maximum, or its minimum if `at_least`."""

    name: str
    value: float
    limit: float
    unit: str
    at_least: bool = field(default=False, kw_only=True)

    @property
    def is_good(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def row(self, width: int) -> str:
        """Give the figure as a line of the table."""
        if self.unit != "ms":
            value = f"{self.value:.0f}"
        else:
            value = f"{self.value:.1f}" if self.value >= 1 else f"{self.value:.3f}"
        limit = f"{'≥' if self.at_least else '≤'} {self.limit:g}"
        return f"  {self.name:{width}}  {value:>8} {self.unit:7}  {limit:>7}  {'ok' if self.is_good else 'NOT GOOD'}"


def table(figures: list[Figure]) -> str:
    """Give figures, limits and verdicts as text."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(figure.row(width) for figure in figures)


def judge(
    caller: Caller, conversation: Conversation, meters: Meters, *, talk_s: float, transcoding_ms: tuple[float, float]
) -> list[Figure]:
    """Judge a call of `talk_s`. The limits allow for a busy machine; people do not notice such delays."""
    out, back = meters.out.summary(), meters.back.summary()
    heard_at = conversation.first_media_at
    first_audio_ms = inf if heard_at is None else 1000 * (heard_at - caller.began_at)
    frames = round(talk_s / FRAME_S)
    return [
        Figure("from answer to first audio at the bot", first_audio_ms, 1000, "ms"),
        Figure("phone to bot: latency, p50", out.p50_ms, 60, "ms"),
        Figure("phone to bot: latency, p99", out.p99_ms, 120, "ms"),
        Figure("phone to bot: frames that arrived", out.recognised, frames * 8 // 10, "frames", at_least=True),
        Figure("phone to bot: frames lost", out.lost, frames // 100, "frames"),
        Figure("phone to bot: transcoding of 20 ms", transcoding_ms[0], 1, "ms"),
        Figure("bot to phone: latency, p50", back.p50_ms, 60, "ms"),
        Figure("bot to phone: latency, p99", back.p99_ms, 120, "ms"),
        Figure("bot to phone: frames that arrived", back.recognised, frames * 8 // 10, "frames", at_least=True),
        Figure("bot to phone: frames lost", back.lost, frames // 100, "frames"),
        Figure("bot to phone: transcoding of 20 ms", transcoding_ms[1], 1, "ms"),
        Figure("faults against Exotel's protocol", len(conversation.faults), 0, "faults"),
    ]
