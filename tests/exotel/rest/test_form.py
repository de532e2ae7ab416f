"""The form of an answer, and its text in XML and in JSON."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoswitch.exotel.rest.form import Form
from exoswitch.exotel.rest.xml import render_xml


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/Accounts/a/Calls/connect", Form.XML),
        ("/v1/Accounts/a/Calls/connect.json", Form.JSON),
        ("/v1/Accounts/a/Calls/CONNECT.JSON", Form.JSON),
        ("/v1/Accounts/a/Calls.json/s1", Form.JSON),
        ("/v2/accounts/a/campaigns", Form.V2),
        ("/V2/accounts/a/campaigns.json", Form.V2),
        ("/v3/accounts/a/calls/s1", Form.V2),
        ("/v3/accounts/a/calls/s1.json", Form.V2),
        ("/v2_beta/Accounts/a/IncomingPhoneNumbers", Form.JSON),
        ("/healthz", Form.XML),
        ("", Form.XML),
    ],
)
def test_a_path_chooses_its_form(path, form):
    assert Form.of_path(path) is form


def test_xml_has_the_names_of_json():
    document = {
        "Metadata": {"Total": 1},
        "Calls": [{"Sid": "s1", "EndTime": None, "Details": {"Legs": [{"Leg": {"Id": 1}}]}}],
        "Ids": [1, 2],
        "Data": [3],
        "Final": True,
    }
    assert render_xml(document).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse><Metadata><Total>1</Total></Metadata>'
        "<Calls><Call><Sid>s1</Sid><EndTime/><Details><Legs><Leg><Id>1</Id></Leg></Legs></Details></Call></Calls>"
        "<Ids><Id>1</Id><Id>2</Id></Ids><Data><Item>3</Item></Data><Final>true</Final></TwilioResponse>"
    )


@given(st.text())
def test_any_text_is_well_formed_xml(text):
    document = ET.fromstring(render_xml({"Call": {"CustomField": text}}))  # noqa: S314 - it is our own
    read = document.findtext("Call/CustomField")
    assert read is not None
    if text.isprintable():
        assert read == text


def test_json_is_short_and_ascii():
    assert Form.JSON.write({"Call": {"Sid": "é"}}) == b'{"Call":{"Sid":"\\u00e9"}}'


ITEMS = st.lists(
    st.dictionaries(st.text("ab<&é", min_size=1, max_size=3), st.none() | st.booleans() | st.text(max_size=5))
    | st.text()
)


@given(st.sampled_from(Form), st.sampled_from(["Calls", "items", "Call"]), ITEMS)
def test_document_in_parts_is_the_document(form, name, items):
    document = {"page": 0, "text": f"<{name}>", name: items}
    assert b"".join(form.parts({**document, name: iter(items)})) == form.write(document)
