from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoswitch.errors import InvalidValue
from exoswitch.telephony.numbers import (
    country_of,
    dialable,
    mask,
    mask_in_text,
    national,
    normalise,
    same_number,
    written,
)

FORMS = ["+919812345610", "919812345610", "09812345610", "9812345610", "00919812345610", "+91 98123-45610"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_indian_number_becomes_e164(form):
    assert normalise(form) == "+919812345610"


@pytest.mark.parametrize("form", ["+14155550123", "0014155550123", "+1 (415) 555-0123"])
def test_a_foreign_number_keeps_its_country_code(form):
    assert normalise(form) == "+14155550123"


@pytest.mark.parametrize(
    ("form", "e164"),
    [
        ("+91 (0)98123 45610", "+919812345610"),
        ("+91 098123 45610", "+919812345610"),
        ("0091 (0)9812345610", "+919812345610"),
        ("910 98123 45610", "+919812345610"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("+49 030 123456", "+4930123456"),
        ("+49 (0)1512 3456 789", "+4915123456789"),
        ("+971 (0)50 123 4567", "+971501234567"),
        ("+39 06 1234 5678", "+390612345678"),
    ],
)
def test_national_zero_after_a_country_code_is_dropped_unless_it_belongs_to_the_number(form, e164):
    assert normalise(form) == e164


@pytest.mark.parametrize("text", ["+1 (0)202 555 0100", "+91 (0)98123", "+91 00 9812345610", "+999 123 456 789"])
def test_number_whose_zero_or_country_code_makes_no_sense_is_refused(text):
    with pytest.raises(InvalidValue, match="not a phone number"):
        normalise(text)


@given(st.text(st.sampled_from("+0123456789 ()-"), max_size=24))
@settings(deadline=None, max_examples=100)
def test_what_is_read_is_e164_and_is_read_again_unchanged(text):
    with suppress(InvalidValue):
        e164 = normalise(text)
        assert not e164.startswith("+910")
        assert normalise(e164) == e164


@pytest.mark.parametrize(
    "text", ["", "+", "12", "anonymous", "+0123456789", "98x2345610", "+91981234561099999", "٩٨١٢٣٤٥٦١٠"]
)
def test_other_text_is_refused_with_the_accepted_forms(text):
    with pytest.raises(InvalidValue, match="not a phone number: write it as"):
        normalise(text)


@pytest.mark.parametrize("form", FORMS)
def test_a_bot_sees_an_indian_number_with_a_leading_zero(form):
    assert national(form) == "09812345610"


@pytest.mark.parametrize("text", ["+14155550123", "anonymous", ""])
def test_a_bot_sees_any_other_caller_unchanged(text):
    assert national(text) == text


@pytest.mark.parametrize("text", ["+55 00286502234", "+49 0043875", "0054 007926634499"])
def test_a_number_with_two_national_zeros_is_none(text):
    with pytest.raises(InvalidValue):
        normalise(text)


@settings(deadline=None, max_examples=100)
@given(st.from_regex(r"(\+|00)?[0-9]{6,16}", fullmatch=True))
def test_a_number_in_e164_stays_as_it_is(text):
    with suppress(InvalidValue):
        assert normalise(normalise(text)) == normalise(text)


def test_all_forms_of_a_number_are_the_same_number():
    assert all(same_number(one, other) for one in FORMS for other in FORMS)


def test_different_numbers_and_extensions_are_not_the_same():
    assert not same_number("9812345610", "9812345611")
    assert not same_number("1001", "1002")
    assert same_number("1001", "1001")


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+919812345610", "+9198******10"),
        ("09812345610", "098******10"),
        ("9812345610", "98******10"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_a_masked_number_shows_only_its_start_and_end(number, masked):
    assert mask(number) == masked


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_a_mask_hides_six_characters_or_everything_and_is_fit_for_a_log_line(text):
    masked = mask(text)
    assert masked.count("*") >= min(len(text), 6)
    assert masked.isascii()
    assert masked == "" or masked.isprintable()


@pytest.mark.parametrize(
    ("number", "style", "text"),
    [
        ("+919812345610", "national", "09812345610"),
        ("09812345610", "e164", "+919812345610"),
        ("+14155550100", "national", "+14155550100"),
        ("anonymous", "e164", "anonymous"),
    ],
)
def test_a_number_is_written_in_the_chosen_style(number, style, text):
    assert written(number, style) == text


@pytest.mark.parametrize("number", ["+919812345610", "08047491899", "+9118001234567", "+14155550100", "+6591234567"])
def test_number_that_a_phone_can_have_may_be_dialled(number):
    assert dialable(number) == normalise(number)


@pytest.mark.parametrize("number", ["+7411179773", "+9198123456", "+14155550", "+912345678"])
def test_number_that_no_phone_can_have_may_not_be_dialled(number):
    with pytest.raises(InvalidValue, match=r"ten digits after \+91"):
        dialable(number)


def test_numbers_in_a_text_are_masked_and_its_other_words_are_kept():
    text = "numbers.+918047491899.app: is 1001, not 08047491899; port 65535, call 12ab345678901f"
    assert mask_in_text(text) == (
        "numbers.+9180******99.app: is 1001, not 080******99; port 65535, call 12ab345678901f"
    )


@given(st.integers(10**9, 10**10 - 1))
def test_country_of_each_indian_number_is_that_of_the_library(digits):
    number = f"+91{digits}"
    assert country_of(number) == phonenumbers.region_code_for_number(phonenumbers.parse(number)) == "IN"
    assert national(number) == f"0{digits}"
