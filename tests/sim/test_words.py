import pytest

from exoswitch.errors import InvalidValue
from exoswitch.sim.words import Word, read_words


def word(value):
    return Word("script", "silence", value)


@pytest.mark.parametrize(("value", "number"), [("0", 0.0), ("2.5", 2.5), ("86400", 86400.0), ("", 7.0)])
def test_a_number_in_range_is_read_and_an_empty_one_has_its_default(value, number):
    assert word(value).number(7.0) == number


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e300", "86401", "soon", "-"])
def test_a_number_out_of_range_is_refused(value):
    with pytest.raises(InvalidValue, match=f"silence={value}: the value must be a number from 0 to 86400"):
        word(value).number(7.0)


@pytest.mark.parametrize("value", ["", "-1", "7", "403.5", "1e3", "٤٠٣", "9" * 5000])
def test_a_whole_number_out_of_range_is_refused(value):
    with pytest.raises(InvalidValue, match="a whole number from 400 to 599"):
        word(value).whole(least=400, most=599)


def test_a_word_without_a_value_refuses_one():
    assert [one.name for one in read_words("script", "wait", {"wait"}, bare=("wait",))] == ["wait"]
    with pytest.raises(InvalidValue, match="script: wait=: wait takes no value"):
        list(read_words("script", "wait=", {"wait"}, bare=("wait",)))
