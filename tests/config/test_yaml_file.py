"""YAML becomes a plain tree; an error has its line and column."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.config import yaml_file
from exoswitch.errors import ConfigError


def test_scalars_stay_as_they_are_written():
    tree, repeated = yaml_file.parse(b"{a: no, b: 0755, c: +91, d: 2026-11-22, e: ~, f: 'x', 1001: y}")
    assert tree == {"a": "no", "b": "0755", "c": "+91", "d": "2026-11-22", "e": "~", "f": "x", "1001": "y"}
    assert repeated == []


def test_repeated_keys_are_all_given_with_both_lines():
    _, repeated = yaml_file.parse(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert [str(problem) for problem in repeated] == [
        "line 4: the key 'c' is also at line 3; remove one",
        "line 5: the key 'a' is also at line 1; remove one",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: 1\n b: 2\n", "line 2, column 3: not valid YAML: mapping values are not allowed here"),
        (b"a: [1, 2\n", "line 2, column 1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        (b"a:\n\tb: c\n", "line 2, column 1: not valid YAML: found character '\\t' that cannot start any token"),
        (b"a: *pass\n", "line 1, column 4: not valid YAML: a value that begins with * must be put in quotes"),
        (b"? [a, b]\n: c\n", "line 1, column 3: not valid YAML: a key must be plain text"),
        (b"&a [*a]", "line 1, column 1: not valid YAML: found unconstructable recursive node"),
        (b"a: 1\n---\nb: 2\n", "line 2, column 1: not valid YAML: but found another document"),
        (b"a: \xff\n", "the file: is not UTF-8 text, or has control characters in it"),
        (b"a: \x00\n", "the file: is not UTF-8 text, or has control characters in it"),
        (b"[" * 1_000, "the file: is nested too deeply"),
    ],
)
def test_text_that_is_not_yaml_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigError) as caught:
        yaml_file.parse(text)
    assert str(caught.value) == message


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=60)
def test_arbitrary_bytes_raise_nothing_but_a_config_error(data):
    with suppress(ConfigError):
        yaml_file.parse(data)


def test_value_that_is_named_and_used_again_is_read_at_each_place():
    tree, problems = yaml_file.parse(b"a: &bot {url: x, tags: [1, 2]}\nb: *bot\nc: [*bot, *bot]\n")
    bot = {"url": "x", "tags": ["1", "2"]}
    assert (tree, problems) == ({"a": bot, "b": bot, "c": [bot, bot]}, [])
