"""Versions of a schema are ordered, and a database gets the ones that it lacks."""

import pytest

from exoswitch.errors import BackendUnavailable
from exoswitch.store.schema_versions import Version, due, in_order

FILES = {"0002_more.sql": "b;\n", "0001_sessions.sql": "a;\n"}


def test_versions_are_ordered_by_their_numbers():
    assert [(version.number, version.name) for version in in_order(FILES)] == [(1, "sessions"), (2, "more")]


@pytest.mark.parametrize("stray", ["0004_gap.sql", "0002_twice.sql", "notes.txt", "0003_More.sql"])
def test_file_with_another_name_or_a_wrong_number_is_an_error(stray):
    with pytest.raises(ValueError, match="is not named NNNN_name"):
        in_order({**FILES, stray: ""})


def test_only_missing_versions_are_due():
    versions = in_order(FILES)
    assert [[version.number for version in due(versions, current)] for current in (0, 1, 2)] == [[1, 2], [2], []]


def test_database_of_a_newer_version_is_refused():
    with pytest.raises(BackendUnavailable, match="knows versions up to 2"):
        due(in_order(FILES), 3)


def test_text_is_split_into_statements_and_comments_are_left_out():
    text = "-- A; comment.\nCREATE TABLE a (\n    b TEXT, -- the b\n    c TEXT\n);\n\nDROP TABLE a;\n"
    assert Version(1, "a", text).statements == ["CREATE TABLE a (\n    b TEXT,\n    c TEXT\n)", "DROP TABLE a"]
