"""Core: expectations of a bot's messages: Exotel understands them, and their size is right."""

from collections import Counter
from collections.abc import Iterator, Sequence

from exoswitch.certify.inspection import CHUNK_BYTES, LARGEST_CHUNK_BYTES, Inspection
from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, failed, noted, passed

_EXPECTED = "sends only messages that Exotel understands"
_LONG_QUEUE_S = 60
"""Exotel surely keeps this much waiting audio. Its limit is not published (spec §3.2)."""


def are_understood(tapes: Sequence[Tape], terms: Terms) -> list[Finding]:
    """Exotel understands every message. Messages that are legal but unwise are noted."""
    said = [tape.said for tape in tapes]
    faults = [*_faults(said), *_strays(said), *_binary(said, terms)] or [passed(_EXPECTED, _summary(said))]
    return [*faults, *_remarks(said), *_queue(tapes)]


def _summary(said: Sequence[Inspection]) -> str:
    messages = sum(one.messages for one in said)
    if not messages:
        return "the bot sent no message"
    kinds = {"media": "media", "marks": "mark", "clears": "clear"}
    parts = [f"{count} {word}" for kind, word in kinds.items() if (count := sum(getattr(one, kind) for one in said))]
    return f"{messages} messages: {', '.join(parts)}" if parts else f"{messages} messages"


def _faults(said: Sequence[Inspection]) -> Iterator[Finding]:
    for seen in _counted(said, [one.faults for one in said]):
        yield failed(_EXPECTED, seen, "Exotel ignores such a message: its audio or its mark is lost")


def _strays(said: Sequence[Inspection]) -> Iterator[Finding]:
    for seen in _counted(said, [one.strays for one in said]):
        yield noted(_EXPECTED, seen, "Exotel ignores such a message")


def _binary(said: Sequence[Inspection], terms: Terms) -> Iterator[Finding]:
    """A bot that sends binary messages and no media means them as its audio."""
    binary = sum(one.binary for one in said)
    if binary:
        is_audio = not terms.is_silent and not any(one.media for one in said)
        seen = f"{binary} of {sum(one.messages for one in said)}: a binary message"
        judged = failed if is_audio else noted
        yield judged(_EXPECTED, seen, "Exotel ignores it: send messages as JSON in text frames")


def _counted(said: Sequence[Inspection], counts: Sequence[Counter[str]]) -> Iterator[str]:
    messages = sum(one.messages for one in said)
    for text, times in sum(counts, Counter[str]()).most_common():
        example = next(one.examples[text] for one in said if text in one.examples)
        yield f"{times} of {messages}: {text}: {example}"


def _remarks(said: Sequence[Inspection]) -> Iterator[Finding]:
    uneven = sum(one.uneven_chunks for one in said)
    if uneven:
        size = next(one.uneven_bytes for one in said if one.uneven_chunks)
        yield noted(
            f"sends media in multiples of {CHUNK_BYTES} bytes",
            f"{uneven} of another size, such as {size} bytes",
            "Exotel waits 20 ms to fill a short packet, and the caller hears a gap: send whole packets",
        )
    largest = max((one.largest_bytes for one in said), default=0)
    if largest > LARGEST_CHUNK_BYTES:
        advice = "Exotel's documentation warns of time-outs: send smaller messages"
        yield noted("sends at most 100 KB of audio in a message", f"the largest had {largest / 1000:.0f} KB", advice)
    camel = sum(one.camel_case_sids for one in said)
    if camel:
        advice = "Exotel ignores the value; its documentation writes stream_sid"
        yield noted("writes stream_sid", f"{camel} messages with streamSid", advice)
    others = [sid for one in said for sid in sorted(one.other_sids)]
    if others:
        advice = "Exotel ignores the value; send the stream_sid of start"
        yield noted("sends the stream_sid of start", f"{others[0]!r} instead", advice)
    ignored = sum((one.ignored for one in said), Counter[str]())
    if ignored:
        seen = ", ".join(f"{times} {event}" for event, times in ignored.most_common(5))
        yield noted("sends only media, mark and clear", seen, "Exotel ignores all other events from a bot")


def _queue(tapes: Sequence[Tape]) -> Iterator[Finding]:
    longest_s = max((tape.longest_queue_ms for tape in tapes), default=0) / 1000
    expected = f"queues at most {_LONG_QUEUE_S} s of audio"
    advice = "Exotel's limit is not published: send audio when it is needed"
    if any(tape.dropped_ms for tape in tapes):
        yield noted(expected, f"{longest_s:.0f} s were queued, and more was dropped", advice)
    elif longest_s > _LONG_QUEUE_S:
        yield noted(expected, f"{longest_s:.0f} s were queued", advice)
