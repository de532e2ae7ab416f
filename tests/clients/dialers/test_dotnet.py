"""The .NET SDK, and Exotel's C# sample: a doubled slash, and credentials only after a 401 challenge."""

import base64
import datetime as dt
import json
from urllib.parse import urlencode

import pytest

from tests.harness.dialers.rig import CUSTOMER

pytestmark = pytest.mark.loopback


@pytest.fixture
def account(rig):
    return rig.account("dotnet")


@pytest.fixture
def ask(rig, account):
    """Give a function that sends one request as .NET does, with or without credentials."""

    def ask(method, path, form=None, *, is_known=True):
        body = urlencode(form or {}).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {rig.host}", "Connection: close"]
        if is_known:
            lines.append(
                "Authorization: Basic " + base64.b64encode(f"{account.key}:{account.token}".encode()).decode()
            )
        if form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        return rig.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return ask


def test_connect_at_a_doubled_slash_is_served(rig, account, ask):
    form = {"From": CUSTOMER, "CallerID": account.exophone, "Url": account.flow}
    status, _, body = ask("POST", f"/v1/Accounts/{account.sid}//Calls/connect.json", form)
    assert status == 200, body
    call = json.loads(body)["Call"]
    ended = rig.ended(account, call["Sid"])
    for key in ("DateCreated", "DateUpdated", "StartTime", "EndTime"):
        dt.datetime.strptime(ended[key], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - DateTime.Parse has no zone either
    assert int(ended["Duration"]) >= 0
    assert float(ended["Price"]) > 0


def test_request_without_credentials_is_challenged_at_once_and_then_served(account, ask):
    form = {"From": CUSTOMER, "CallerId": account.exophone, "Url": account.flow}
    path = f"/v1/Accounts/{account.sid}/Calls/connect"
    status, headers, _ = ask("POST", path, form, is_known=False)
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic ")
    assert ask("POST", path, form)[0] == 200


def test_error_has_the_status_that_the_sdk_reads(account, ask):
    status, _, body = ask("GET", f"/v1/Accounts/{account.sid}//Calls/{'0' * 32}.json")
    assert (status, json.loads(body)["RestException"]["Status"]) == (404, 404)
