"""Core: the scenario of a recorded conversation: its caller calls again; the bot is compared with the recording."""

from collections.abc import Callable, Sequence

from exoswitch.call.bot_address import is_resolver, parse_address
from exoswitch.call.stream_options import StreamOptions
from exoswitch.certify import bot_url
from exoswitch.certify.caller import hangs_up_s
from exoswitch.certify.scenario import Plan, Scenario, Terms, as_given
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, Verdict, passed
from exoswitch.exotel.trace.replay_caller import caller_steps
from exoswitch.exotel.trace.replay_comparison import Tolerances, compare_conversations
from exoswitch.exotel.trace.trace import Trace

REPLAY = "replay"
THE_END = "the end"
_TOLERANCES = Tolerances(mark_names=False)  # many bots give their marks new names in each call


def replay_of(recorded: Trace, terms: Terms, *, strict: bool = False) -> Scenario:
    """Make the scenario. Differences are notes; a different end is a failure; if `strict`, each is a failure.

    Raises:
        TraceError: the recording cannot be replayed; the text says why.
    """
    steps, media = caller_steps(recorded), recorded.header.media
    options = StreamOptions(
        chunk_ms=media.chunk_ms,
        marks_on_clear=media.marks_on_clear,
        clear_granularity=media.clear_granularity,
        trace="audio",
    )
    plan = Plan(
        stages=(),
        recorded=steps,
        recorded_hz=media.sample_rate_hz,
        lasts_s=hangs_up_s(steps),
        options=options,
        target=_at_the_same_rate(terms.url, media.sample_rate_hz),
    )

    def is_as_it_was(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
        kept = tapes[0].kept
        return [] if kept is None else _compare(recorded, kept.trace(), strict=strict)

    return Scenario(
        name=REPLAY,
        shows=f"the bot behaves as in the recording ({hangs_up_s(steps):.0f} s)",
        plans=(plan,),
        expects=(is_as_it_was,),
    )


def _at_the_same_rate(url: str, rate_hz: int) -> Callable[[str], str]:
    if is_resolver(url) or parse_address(url).sample_rate_hz == rate_hz:
        return as_given
    return bot_url.at_rate(rate_hz)


def _compare(recorded: Trace, seen: Trace, *, strict: bool) -> list[Finding]:
    differences = compare_conversations(recorded, seen, _TOLERANCES)
    if not differences:
        return [passed("sends the same messages and as much audio", "as in the recording")]
    return [
        Finding(
            Verdict.FAIL if strict or difference.what == THE_END else Verdict.NOTE,
            f"{difference.what}: {difference.recorded}",
            difference.now,
        )
        for difference in differences
    ]
