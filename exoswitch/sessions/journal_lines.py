r"""Core: the lines of a journal, ``CHECKSUM LENGTH JSON\n``: the JSON's CRC-32 in eight hex digits, and its length.

The JSON is ASCII without line ends, so that a reader can skip a damaged line.
"""

import json
import re
from zlib import crc32

from exoswitch.errors import CorruptRecord
from exoswitch.sessions.document import from_tree, to_tree
from exoswitch.sessions.notes import Note

_LINE = re.compile(rb"([0-9a-f]{8}) ([0-9]{1,9}) (.*)\n", re.DOTALL)


def write_line(note: Note) -> bytes:
    """Give a note as a line."""
    tree = {"sequence": note.sequence, "session": to_tree(note.session)}
    text = json.dumps(tree, separators=(",", ":")).encode("ascii")
    return b"%08x %d %s\n" % (crc32(text), len(text), text)


def read_line(line: bytes) -> Note:
    """Read a line back.

    Raises:
        CorruptRecord: the line is torn, damaged, or not a note.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise CorruptRecord("a line of the journal is torn")
    text = match[3]
    if len(text) != int(match[2]) or crc32(text) != int(match[1], 16):
        raise CorruptRecord("a line of the journal is damaged")
    try:
        tree = json.loads(text)
        sequence, session = tree["sequence"], tree["session"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CorruptRecord("a line of the journal is not a note") from None
    if not isinstance(sequence, int):
        raise CorruptRecord("a note in the journal has no sequence")
    return Note(sequence, from_tree(session))
