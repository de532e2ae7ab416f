"""A fuzz target: records that this gateway has stored, or that other programs have changed since.

The first byte chooses the reader: a session's document, a line of the journal, an answer of Redis, or the file of
notes set aside. `one_input` raises if a reader fails otherwise than it says, or if a record that was read cannot be
used: written again, stored, and shown by the REST API.
"""

import sqlite3
from contextlib import suppress
from zlib import crc32

from exoswitch.errors import BackendUnavailable, CorruptRecord
from exoswitch.exotel.rest.representations import call_record
from exoswitch.fleet.redis import codec
from exoswitch.fleet.redis.jobs_entries import read_portion
from exoswitch.sessions.document import from_text, to_text
from exoswitch.sessions.journal_lines import read_line, write_line
from exoswitch.sessions.notes import Note, event_row, read_note, session_row
from exoswitch.sessions.set_aside import _reason
from exoswitch.sessions.sqlite import _ADD_EVENT, _SET_SESSION
from exoswitch.store.schema_versions import read_schema
from tests.harness.sessions import SESSION

_DOCUMENT = to_text(SESSION).encode()
_LINE = write_line(Note(7, SESSION)).split(b" ", 2)[2].rstrip(b"\n")
_STATUS = b'{"capacity":5,"asterisks":{"pbx1":{"capacity":3,"healthy":true}},"draining":false}'
_VIEW = (
    b'[5,["gw1","e:1 ' + _STATUS.replace(b'"', b'\\"') + b'"],["gw1","9"],["gateway:gw1","1","asterisk:pbx1","1"],'
    b'["account%2Fa","1"],["t0","gw1 gw1 pbx1 sid0 [account%2Fa]"]]'
)

SEEDS = (
    b"\x00" + _DOCUMENT,
    b"\x00" + _DOCUMENT.replace(b'"queued"', b'"parked"'),
    b"\x00" + _DOCUMENT.replace(b"1700000000.0", b"1e999"),
    b"\x01" + _LINE,
    b"\x01" + _LINE.replace(b'"sequence":7', b'"sequence":true'),
    b"\x02" + _LINE,
    b"\x03" + _VIEW,
    b'\x03["t0","gw1","pbx1","sid0","[]"]',
    b'\x03["1-0",[["1-0",["token","t","call_sid","c","gateway","gw1","asterisk","pbx1"]]]]',
    b"\x03ok pbx1 3 pbx2 0",
    b'\x04{"at": "2026-11-26T12:00:00+00:00", "reason": "damaged", "note": ""}',
)


def _database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    for version in read_schema("sqlite"):
        made.executescript(version.text)
    return made


_STORE = _database()


def one_input(data: bytes) -> None:
    """Read some bytes as one kind of record."""
    readers = (document, line_with_a_checksum, read_journal, answer, set_aside)
    readers[data[0] % len(readers) if data else 0](data[1:])


def document(data: bytes) -> None:
    for text in (data, data.decode(errors="replace"), None, 5):
        record = read_note("c1", 1, text)
        assert isinstance(record, Note | CorruptRecord)
        if isinstance(record, Note):
            use(record)


def line_with_a_checksum(data: bytes) -> None:
    read_journal(b"%08x %d %s\n" % (crc32(data), len(data), data))


def read_journal(line: bytes) -> None:
    try:
        note = read_line(line)
    except CorruptRecord:
        return
    assert read_line(write_line(note)) == note
    use(note)


def use(note: Note) -> None:
    """Do with a note that was read what a gateway does with it."""
    assert from_text(to_text(note.session)) == note.session
    assert (note.session.duration_s or 0.0) >= 0.0
    call_record(note.session)
    with suppress(OverflowError):  # a sequence of more than 64 bits: the note is refused, and set aside
        _STORE.execute("BEGIN")
        try:
            _STORE.execute(_ADD_EVENT, event_row(note))
            _STORE.execute(_SET_SESSION, session_row(note))
        finally:
            _STORE.execute("ROLLBACK")


def answer(data: bytes) -> None:
    text = data.decode(errors="replace")
    readers = (codec.read_leases, codec.read_counts, codec.read_view, codec.read_unreadable, read_portion)
    for told in (data, text, None, len(data)):
        for read in (codec.read_words, *readers):
            with suppress(BackendUnavailable):
                read(told)
    for read in (codec.read_ok, codec.read_usage, lambda words: codec.read_adoptions(words, "gw1")):
        with suppress(BackendUnavailable):
            read(text.split())
    codec.refusal(text.split(), {"account": 1})


def set_aside(data: bytes) -> None:
    at, reason = _reason(data)
    assert isinstance(at + reason, str)
