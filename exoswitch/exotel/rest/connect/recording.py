"""Core: the recording that a request asks for (spec §6.2)."""

from typing import TypeVar, get_args

from exoswitch.call.recording import RecordingChannels, RecordingFormat, RecordingWish
from exoswitch.errors import InvalidRequest
from exoswitch.web.parameters import Parameters

Word = TypeVar("Word", bound=str)


def read_recording(asked: Parameters) -> RecordingWish | None:
    """Read the recording of a call; None if it is not to be recorded.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
    """
    if not asked.flag("Record"):
        return None
    return RecordingWish(
        channels=_one_of(asked, "RecordingChannels", get_args(RecordingChannels), "single"),
        format=_one_of(asked, "RecordingFormat", get_args(RecordingFormat), "mp3"),
    )


def _one_of(asked: Parameters, name: str, words: tuple[Word, ...], default: Word) -> Word:
    written = asked.text(name)
    if written is None:
        return default
    for word in words:
        if written.lower() == word:
            return word
    raise InvalidRequest(f"{name}={written[:20]!r} is unknown: write {', '.join(words)}")
