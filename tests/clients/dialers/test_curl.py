"""Samples of Exotel's own documentation, byte for byte as `curl` sends them; and PHP's ellaisys."""

import json

import pytest

from tests.harness.dialers.rig import CUSTOMER, until

pytestmark = pytest.mark.loopback

FORM = b"application/x-www-form-urlencoded"
SPELLINGS = (
    "StatusCallbackEvents[0]=terminal&StatusCallbackEvents[1]=answered",
    "StatusCallbackEvents%5B%5D=terminal&StatusCallbackEvents%5B%5D=answered",
    "StatusCallbackEvents=terminal&StatusCallbackEvents=answered",
    "StatusCallbackEvents=terminal,answered",
)


@pytest.fixture
def account(rig):
    return rig.account("curl")


@pytest.fixture
def post(rig, account):
    """Give a function that posts bytes to a path below the account, as curl does."""

    def post(path, body, content_type=FORM):
        kind = b"" if content_type is None else b"Content-Type: " + content_type + b"\r\n"
        head = f"POST /v1/Accounts/{account.sid}{path} HTTP/1.1\r\nHost: {rig.host}\r\n".encode()
        rest = b"Accept: */*\r\nConnection: close\r\nContent-Length: %d\r\n" % len(body)
        return rig.raw(head + rest + rig.basic(account) + b"\r\n" + kind + b"\r\n" + body)

    return post


def body_of(account, *more):
    flow = f"http://my.exotel.com/{account.sid}/exoml/start_voice/{account.app}"
    return "&".join([f"From=+91{CUSTOMER[1:]}", f"CallerId={account.exophone}", f"Url={flow}", *more]).encode()


@pytest.mark.parametrize("path", ["/Calls/connect.json", "/Calls/connect.json?", "/calls/connect.json"])
def test_raw_plus_of_a_number_is_read(post, account, path):
    status, _, body = post(path, body_of(account, "CallType=trans", "TimeLimit=60", "TimeOut=30"))
    assert status == 200, body
    assert json.loads(body)["Call"]["From"] == CUSTOMER


def test_body_without_a_content_type_is_a_form(post, account):
    assert post("/Calls/connect.json", body_of(account), None)[0] == 200


def test_multipart_of_curl_dash_f_is_read(post, account):
    fields = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow, "CustomField": "a=b&c;d"}
    parts = [
        f'--XyZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    body = ("".join(parts) + "--XyZ--\r\n").encode()
    assert post("/Calls/connect.json", body, b"multipart/form-data; boundary=XyZ")[0] == 200


def test_each_spelling_of_events_is_taken(rig, post, account):
    callback = f"StatusCallback={rig.receiver.url('/curl')}"
    sids = {}
    for events in SPELLINGS:
        status, _, body = post("/Calls/connect.json", body_of(account, callback, events))
        assert status == 200, body
        sids[events] = json.loads(body)["Call"]["Sid"]

    def told(sid):
        return [one.form["EventType"] for one in rig.receiver.of("/curl") if one.form["CallSid"] == sid]

    for events, sid in sids.items():
        until(lambda sid=sid: len(told(sid)) == 2, f"two callbacks do not come for {events}")
        assert told(sid) == ["answered", "terminal"], events


def test_max_retries_of_ellaisys_is_ignored(post, account):
    assert post("/Calls/connect.json", body_of(account, "MaxRetries=1", "CallType=promo"))[0] == 200


def test_unknown_path_is_told_as_xml_or_json_as_it_is_asked(rig, account):
    for path, kind in (("Calls/x/Legs", "application/xml"), ("Calls/x/Legs.json", "application/json")):
        request = f"GET /v1/Accounts/{account.sid}/{path} HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n".encode()
        status, headers, _ = rig.raw(request + rig.basic(account) + b"\r\n\r\n")
        assert status in {404, 501}
        assert headers["content-type"].startswith(kind)
