"""The address of a PostgreSQL database: no part of its password is shown."""

import pytest

from exoswitch.store.postgres_address import database_name, has_stray_at, without_secrets

STRAY = ["p@ss", "p/ss", "secret@word", "a@b@c"]


def test_database_is_named_without_its_password():
    address = "postgresql://exo:hunter2@10.0.0.9:5433/exo?sslmode=require"
    assert database_name(address) == "PostgreSQL database exo at 10.0.0.9"


@pytest.mark.parametrize("password", STRAY)
def test_character_that_must_be_encoded_is_found_and_no_part_of_the_password_is_named(password):
    address = f"postgresql://exo:{password}@10.0.0.9/exo"
    assert has_stray_at(address)
    assert database_name(address) == "PostgreSQL database"


@pytest.mark.parametrize("address", ["exo:p%40ss@db/exo", "exo@db/exo", "db/exo", "exo:a:b@db/exo?user=a@b"])
def test_address_that_libpq_reads_as_it_is_meant_is_good(address):
    assert not has_stray_at(f"postgresql://{address}")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://exo:secret@word@db/exo", 'could not translate host name "word@db" to address'),
        ("postgresql://exo:sec%72et@db/exo", "FATAL: the password secret is wrong"),
        ("postgresql://exo@db/exo?password=secret", 'invalid value "secret"'),
    ],
)
def test_words_of_libpq_are_shown_without_the_password(address, message):
    shown = without_secrets(message, address)
    assert "***" in shown
    assert "word@" not in shown
    assert "secret" not in shown


def test_message_without_a_password_is_unchanged():
    assert without_secrets("connection refused", "postgresql://exo@db/exo") == "connection refused"
