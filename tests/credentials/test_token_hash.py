"""The hash of a token, as a configuration file has it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.credentials.token_hash import TokenHash, is_hash
from exoswitch.errors import InvalidValue

# RFC 7914 §12: the third vector, written in the PHC string format.
RFC = (
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU"
    "$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
)


def test_a_hash_is_that_of_rfc_7914():
    known = TokenHash.read(RFC)
    assert known.matches(b"pleaseletmein")
    assert str(known) == RFC


def test_a_token_matches_its_hash_alone():
    known = TokenHash.of(b"t0ken", b"s" * 16)
    read = TokenHash.read(str(known))
    assert read == known
    assert [read.matches(token) for token in (b"t0ken", b"T0ken", b"")] == [True, False, False]
    assert is_hash(str(known))
    assert not is_hash("t0ken")


def test_a_hash_that_a_shell_has_changed_is_refused_and_not_taken_for_a_token():
    text = "=14,r=8,p=1"  # the shell reads $scrypt, $ln, $SALT and $DIGEST as variables
    assert is_hash(text)
    with pytest.raises(InvalidValue, match="in single quotes"):
        TokenHash.read(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$scrypt$", "is not a hash of `exoswitch hash-token`"),
        (RFC[:-70], "is not a hash of"),
        (RFC + "=", "is not a hash of"),
        (RFC.replace("ln=14", "ln=30"), "has costs that no login may take"),
        (RFC.replace("r=8", "r=99"), "has costs that no login may take"),
        (RFC.replace("p=1", "p=0"), "has costs that no login may take"),
    ],
)
def test_a_malformed_and_a_dear_hash_are_refused(text, words):
    with pytest.raises(InvalidValue, match=words):
        TokenHash.read(text)


@given(st.text(max_size=30))
def test_any_text_is_a_hash_or_refused(text):
    with contextlib.suppress(InvalidValue):
        TokenHash.read(f"$scrypt${text}")


def test_neither_salt_nor_digest_is_shown():
    assert repr(TokenHash.read(RFC)) == "TokenHash(cost=14, block=8, parallel=1)"
