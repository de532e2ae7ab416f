"""A client that pins Exotel's host, `pyexotel` as it is, reaches the gateway: the three ways of the page on it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from pyexotel import Exotel

from tests.harness.dialers.pages import block
from tests.harness.dialers.rig import CUSTOMER
from tests.harness.dialers.way import Way

pytestmark = pytest.mark.loopback

PAGE = "docs/dialers/hard-coded-hosts.md"
PROGRAM = """
import json, sys
from pyexotel import Exotel
key, token, sid, customer, exophone, app = sys.argv[1:]
json.dump(Exotel(key, token, sid).connect_flow(customer, exophone, app), sys.stdout)
"""


@pytest.fixture
def account(rig):
    return rig.account("pinned")


def test_proxy_leads_it_to_the_gateway(rig, account, monkeypatch):
    with Way(rig.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = Exotel(account.key, account.token, account.sid)
        call = client.connect_flow(CUSTOMER, account.exophone, account.app)["Call"]
        numbers = client.get_phone_info(CUSTOMER)["Numbers"]  # no argument changes its host
    assert call["AccountSid"] == account.sid
    assert numbers["PhoneNumber"] == CUSTOMER
    assert proxy.names == 2 * ["api.exotel.com:443"]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root, for port 443")
def test_hosts_file_leads_it_to_the_gateway(rig, account, tmp_path):
    address = f"127.7.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
    hosts = tmp_path / "hosts"
    hosts.write_text(block(PAGE, "hosts").replace("10.0.0.5", address))
    who = (account.key, account.token, account.sid, CUSTOMER, account.exophone, account.app)
    with Way(rig.port, is_proxy=False, address=address, port=443):
        client = [sys.executable, "-c", PROGRAM, *who]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh", *client],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Call"]["AccountSid"] == account.sid, done.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_certificate_of_the_page_is_good_for_exotels_hosts(tmp_path):
    subprocess.run(["sh", "-e", "-c", block(PAGE, "sh")], cwd=tmp_path, check=True, capture_output=True)
    for name in ("api.exotel.com", "api.in.exotel.com"):
        command = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "-verify_hostname", name, "gateway.pem"]
        assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 0
