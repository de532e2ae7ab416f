"""The journal gives back its notes, even if a process was killed while it wrote one."""

import os
import stat
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import CorruptRecord
from exoswitch.sessions.journal import Journal
from exoswitch.sessions.journal_lines import read_line, write_line
from exoswitch.sessions.notes import Note
from tests.harness.sessions import SESSION, any_sessions

NOTES = [Note(number, evolve(SESSION, call_sid=f"c{number}")) for number in range(1, 4)]


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal", 2_000_000)
    yield made
    made.close()


def contents(journal):
    """Read all notes, and count the damaged lines."""
    notes, damaged = [], 0
    for path in journal.seal():
        for some, lines in journal.read(path):
            notes += some
            damaged += len(lines)
    return notes, damaged


@given(any_sessions, st.integers(0, 2**62))
@settings(deadline=None, max_examples=40)
def test_note_comes_back_from_its_line(session, sequence):
    assert read_line(write_line(Note(sequence, session))) == Note(sequence, session)


@given(st.binary(max_size=40) | st.integers(0, 400).map(lambda index: flipped(write_line(NOTES[0]), index)))
@settings(deadline=None, max_examples=80)
def test_any_other_line_is_a_corrupt_record(line):
    with pytest.raises(CorruptRecord):
        read_line(line)


def flipped(line, index):
    index %= len(line)
    return line[:index] + bytes([line[index] ^ 1]) + line[index + 1 :]


def test_notes_of_several_files_come_back_in_their_order(journal):
    journal.append(NOTES[:2])
    journal.close()
    journal.append(NOTES[2:])
    assert contents(journal) == (NOTES, 0)


def test_many_notes_come_in_chunks(journal):
    many = [Note(number, SESSION) for number in range(1000)]
    journal.append(many)
    assert contents(journal) == (many, 0)


def test_two_processes_do_not_share_a_journal(journal):
    journal.append(NOTES)
    other = Journal(journal.folder, 1_000_000)
    for use in (other.seal, lambda: other.append(NOTES)):
        with pytest.raises(OSError, match="give each gateway its own"):
            use()
    journal.close()
    assert contents(other) == (NOTES, 0)
    other.close()


def test_torn_last_line_is_counted_and_all_others_are_read(journal):
    journal.append(NOTES)
    (path,) = journal.seal()
    os.truncate(path, path.stat().st_size - 9)
    journal.append(NOTES[2:])
    assert contents(journal) == (NOTES, 1)


def test_damaged_line_in_the_middle_is_counted_and_all_others_are_read(journal):
    journal.append(NOTES)
    (path,) = journal.seal()
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"c2"', b'"cX"'))
    assert contents(journal) == ([NOTES[0], NOTES[2]], 1)


def test_failed_write_leaves_no_torn_line_behind(journal, monkeypatch):
    journal.append(NOTES[:1])
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="full"):
        journal.append(NOTES[1:2])
    monkeypatch.undo()
    journal.append(NOTES[2:])
    assert contents(journal) == ([NOTES[0], NOTES[2]], 0)


def test_notes_beyond_the_size_limit_are_counted(tmp_path):
    journal = Journal(tmp_path, 2 * len(write_line(NOTES[0])) + 10)
    assert journal.append(NOTES) == 1
    assert journal.append(NOTES) == 3
    assert contents(journal) == (NOTES[:2], 0)
    journal.close()


def test_removed_file_makes_room(journal):
    journal.append(NOTES)
    for path in journal.seal():
        journal.remove(path)
    assert contents(journal) == ([], 0)


def test_only_the_owner_may_read_the_files_and_the_folder_is_made_when_needed(journal):
    assert journal.seal() == []
    assert not journal.folder.exists()
    journal.append(NOTES)
    (path,) = journal.seal()
    assert [stat.S_IMODE(where.stat().st_mode) for where in (journal.folder, path)] == [0o700, 0o600]


def test_journal_of_the_first_version_is_read_with_the_names_of_this_one():
    line = (Path(__file__).with_name("journals") / "version_1.journal").read_bytes()
    bot = BotTarget(url="ws://bot.example.org/ws", options=StreamOptions(trace="messages"))
    assert read_line(line) == Note(7, evolve(SESSION, gateway="gw1", channel_id="c1", bot=bot))
