"""The code of the pages for dialers is run against the gateway, with the reader's host and credentials replaced."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.harness.dialers.pages import blocks
from tests.harness.dialers.rig import DOCUMENTED

pytestmark = pytest.mark.loopback

SID = re.compile(r"\b[0-9a-f]{28}[0-9a-z]{4}\b")


@pytest.fixture(scope="module")
def filled(rig):
    """Give a function that puts the test's names into a block."""
    account = rig.account(DOCUMENTED)

    def filled(text):
        for name, value in (("gw.example.org", rig.host), ("KEY", account.key), ("TOKEN", account.token)):
            text = text.replace(name, value)
        return text

    return filled


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize(
    "text", blocks("docs/dialers/python.md", "python"), ids=["exotel", "pyexotel", "exotelpy", "requests"]
)
def test_each_example_in_python_does_what_its_page_says(filled, text):
    if "exotelpy" in text:
        pytest.importorskip("exotelpy", reason="exotelpy is for Python up to 3.13")
    done = run(sys.executable, "-c", filled(text))
    assert done.returncode == 0, done.stderr
    expected = "08047491899" if "exophones" in text else SID
    assert re.search(expected, done.stdout), done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("text", blocks("docs/dialers/curl.md", "sh"), ids=["form", "callback", "multipart", "json"])
def test_each_example_with_curl_does_what_its_page_says(rig, filled, text, monkeypatch):
    monkeypatch.setenv("CURL_CA_BUNDLE", str(rig.ca))
    done = run("sh", "-c", filled(text))
    assert done.returncode == 0, done.stderr
    assert SID.search(done.stdout), done.stdout
    assert done.stdout.startswith("{" if "connect.json" in text else "<?xml"), done.stdout
