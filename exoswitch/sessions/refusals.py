"""Adapter: writes the notes that a database accepts, when it refuses some of them."""

from collections.abc import Awaitable, Callable, Sequence

from exoswitch.errors import RecordRefused
from exoswitch.sessions.notes import Note

Refusal = tuple[Note, RecordRefused]


async def write_accepted(write: Callable[[Sequence[Note]], Awaitable[None]], notes: Sequence[Note]) -> list[Refusal]:
    """Write notes, by halves as long as some are refused; give the refused ones, each with the database's reason.

    One refused note among fifty costs some twelve writes instead of one.

    Raises:
        BackendUnavailable: some notes may be written, others are not.
    """
    try:
        await write(notes)
    except RecordRefused as problem:
        if len(notes) == 1:
            return [(notes[0], problem)]
    else:
        return []
    middle = len(notes) // 2
    return [*await write_accepted(write, notes[:middle]), *await write_accepted(write, notes[middle:])]
