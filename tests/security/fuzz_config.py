"""A fuzz target: the bytes of a configuration file, against the loader.

`one_input` raises if the loader raises anything but ConfigError, or if an error has no text, a secret, or a
line feed or a control character in a problem.
"""

import tempfile
from pathlib import Path

from exoswitch.config.loader import load_with_warnings
from exoswitch.errors import ConfigError
from exoswitch.trunks.registry import SETTINGS

ROOT = Path(__file__).parents[2]
SECRET = "hunter-two-hunter"
ENVIRON = {"AMI_SECRET": SECRET, "ACME_TOKEN": SECRET}
SMALL = b"""
rtp: {advertise: 10.0.0.5, ports: 20000-23999}
asterisks: [{name: pbx1, ami: "tcp:10.0.1.5:5038", username: u, secret: "${AMI_SECRET}", host: 10.0.1.5}]
trunks: [{name: t, provider: sip, host: 10.9.0.1}]
accounts: {acme1: {api_key: acme, api_token: "${ACME_TOKEN}"}}
apps: {"1001": {account: acme1, url: "wss://user:${ACME_TOKEN}@bot.example.org/ws"}}
numbers: {"+918047491899": {account: acme1, app: "1001"}}
"""
SEEDS = (
    SMALL,
    (ROOT / "etc" / "exoswitch.yaml").read_bytes(),
    b"asterisks: 5\ntrnuks: []\n",
    b"accounts: &a {x: *a}\n",
    b"sessions: postgresql://u:${AMI_SECRET}@@h/d\ncluster: rediss://:${AMI_SECRET}@h\n",
    b"http: 'tcp:80:interface=::1'\nnode: ${file:nothing}\n",
    b'"no\\nkey": 1\nbilling: {"a\\e[2Jb": "${file:no\\nfile}"}\n',
)


def one_input(data: bytes) -> None:
    """Load a file with these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            load_with_warnings(file.name, SETTINGS, ENVIRON)
        except ConfigError as error:
            problems = error.problems
        else:
            return
    assert problems
    for problem in problems:
        assert problem.text.strip()
        assert str(problem).isprintable()
        assert SECRET not in str(problem)
