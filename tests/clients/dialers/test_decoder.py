"""The strict decoder accepts what Haskell, Java and .NET accept, and nothing else."""

import pytest

from tests.harness.dialers.decoder import NULL, NUMBER, TEXT, Moment, OneOf, Undecodable, decode

CALL = {"Call": {"Sid": TEXT, "Price": (TEXT, NULL), "Status": OneOf(("busy", "completed")), "Start": Moment()}}
GOOD = {"Sid": "a", "Price": None, "Status": "busy", "Start": "2026-09-04 18:49:45"}


def test_good_document_is_given_back_with_its_unknown_keys():
    document = {"Call": {**GOOD, "New": 1}}
    assert decode(document, CALL) is document


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Sid": 7}, r"Call\.Sid must be str, and is 7"),
        ({"Price": 1.5}, r"Call\.Price must be str or NoneType"),
        ({"Status": "cancelled"}, r"Call\.Status must be one of"),
        ({"Start": "2026-09-04T18:49:45Z"}, r"Call\.Start must be a time"),
        ({"Start": ""}, r"Call\.Start must be a time"),
    ],
)
def test_value_of_another_type_is_named(change, complaint):
    with pytest.raises(Undecodable, match=complaint):
        decode({"Call": GOOD | change}, CALL)


def test_missing_key_is_named():
    with pytest.raises(Undecodable, match=r"Call\.Sid is missing"):
        decode({"Call": {"Price": None}}, CALL)


def test_true_is_no_number_in_any_item_of_a_list():
    shape = {"Legs": [{"OnCallDuration": NUMBER}]}
    with pytest.raises(Undecodable, match=r"Legs\[1\]\.OnCallDuration must be int"):
        decode({"Legs": [{"OnCallDuration": 1}, {"OnCallDuration": True}]}, shape)


def test_empty_time_is_good_only_where_it_may_be_empty():
    assert decode("", Moment(may_be_empty=True)) == ""
