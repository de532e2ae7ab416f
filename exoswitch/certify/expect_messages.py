"""Core: what is expected of a bot's messages: that Exotel understands them, and likes their size."""

from collections import Counter
from collections.abc import Iterator, Sequence

from exoswitch.certify.inspection import CHUNK_BYTES, LARGEST_CHUNK_BYTES, Inspection
from exoswitch.certify.scenario import Terms
from exoswitch.certify.tape import Tape
from exoswitch.certify.verdict import Finding, failed, noted, passed

_LONG_QUEUE_S = 60
"""How much waiting audio is certain to be kept; nobody has published Exotel's limit (spec §3.2)."""


def are_understood(tapes: Sequence[Tape], _terms: Terms) -> list[Finding]:
    """Exotel would understand every message; what is legal and yet unwise is noted."""
    said = [tape.said for tape in tapes]
    faults = list(_faults(said))
    if not faults:
        faults = [passed("every message is one that Exotel understands", _summary(said))]
    return [*faults, *_remarks(said), *_queue(tapes)]


def _summary(said: Sequence[Inspection]) -> str:
    messages = sum(one.messages for one in said)
    if not messages:
        return "the bot sent none"
    kinds = {"media": "media", "marks": "mark", "clears": "clear"}
    parts = [f"{count} {word}" for kind, word in kinds.items() if (count := sum(getattr(one, kind) for one in said))]
    return f"{messages} messages: {', '.join(parts)}" if parts else f"{messages} messages"


def _faults(said: Sequence[Inspection]) -> Iterator[Finding]:
    expected = "every message is one that Exotel understands"
    messages = sum(one.messages for one in said)
    total = sum((one.faults for one in said), Counter[str]())
    for fault, times in total.most_common():
        example = next(one.examples[fault] for one in said if fault in one.examples)
        yield failed(expected, f"{times} of {messages}: {fault}: {example}", "Exotel ignores it")
    binary = sum(one.binary for one in said)
    if binary:
        yield failed(expected, f"{binary} of {messages}: a binary message", "messages are JSON in text frames")


def _remarks(said: Sequence[Inspection]) -> Iterator[Finding]:
    uneven = sum(one.uneven_chunks for one in said)
    if uneven:
        size = next(one.uneven_bytes for one in said if one.uneven_chunks)
        seen = f"{uneven} of another size, such as {size} bytes"
        advice = "Exotel waits 20 ms to fill up a short packet, which is a gap in the audio"
        yield noted(f"media in multiples of {CHUNK_BYTES} bytes", seen, advice)
    largest = max((one.largest_bytes for one in said), default=0)
    if largest > LARGEST_CHUNK_BYTES:
        advice = "Exotel's documentation tells of time-outs"
        yield noted("media of at most 100 KB a message", f"{largest / 1000:.0f} KB", advice)
    camel = sum(one.camel_case_sids for one in said)
    if camel:
        yield noted(
            "the stream is called stream_sid", f"streamSid in {camel} messages", "Exotel ignores it either way"
        )
    others = [sid for one in said for sid in sorted(one.other_sids)]
    if others:
        yield noted("stream_sid is the one of start", f"{others[0]!r} instead", "Exotel ignores it either way")
    ignored = sum((one.ignored for one in said), Counter[str]())
    if ignored:
        seen = ", ".join(f"{times} {event}" for event, times in ignored.most_common(5))
        yield noted("media, mark and clear only", seen, "Exotel ignores other events of a bot's")


def _queue(tapes: Sequence[Tape]) -> Iterator[Finding]:
    longest_s = max((tape.longest_queue_ms for tape in tapes), default=0) / 1000
    expected = f"at most {_LONG_QUEUE_S} s of audio wait to be played"
    dropped_ms = max((tape.dropped_ms for tape in tapes), default=0)
    if dropped_ms:
        yield noted(expected, f"{longest_s:.0f} s did, and more was dropped", "send audio as it is needed")
    elif longest_s > _LONG_QUEUE_S:
        yield noted(expected, f"{longest_s:.0f} s did", "how much Exotel keeps is not published")
