"""A trunk of each provider, as an operator writes it: the examples of the documentation, and what is near them."""

import textwrap
from pathlib import Path

from exoswitch.config.loader import load
from exoswitch.config.model import TrunkConfig
from exoswitch.trunks.registry import SETTINGS

YAML = {
    "bsnl": """\
name: bsnl1
provider: bsnl
proxy: 10.60.1.10
domain: ap.siptrunk.ims.bsnl.in
username: "+914024001355"
password: "${BSNL_PASSWORD}"
numbers: ["+914024001350-99"]
channels: 1000
""",
    "bsnl by address": """\
name: bsnl2
provider: bsnl
register: no
proxy: 10.60.1.10
numbers: ["+914024001350-99"]
""",
    "airtel": """\
name: airtel1
provider: airtel
proxy: 10.61.1.10
domain: ka.ims.airtel.in
username: "+918047491899"
password: "${AIRTEL_PASSWORD}"
numbers: ["+918047491899"]
""",
    "jio": """\
name: jio1
provider: jio
proxy: 10.62.1.10:5068
domain: ka.wln.ims.jio.com
username: "+918047491899"
numbers: ["+918047491899"]
""",
    "tata": """\
name: tata1
provider: tata
proxy: 10.63.1.10
domain: tata.example.org
username: "47491899"
auth_username: 8047491899@tata.example.org
password: "${TATA_PASSWORD}"
identity_host: 10.63.1.2
""",
    "vi": """\
name: vi1
provider: vi
proxy: 10.64.1.10
numbers: ["+918047491899"]
""",
    "exotel": """\
name: exotel1
provider: exotel
account_sid: acme1m
numbers: ["+918047491899"]
username: u
password: "${EXOTEL_SIP}"
""",
    "exotel over tcp": """\
name: exotel2
provider: exotel
account_sid: acme1m
transport: tcp
numbers: ["+918047491899"]
""",
    "twilio": """\
name: twilio1
provider: twilio
termination: acme
username: u
password: "${TWILIO_SIP}"
numbers: ["+14155550100"]
secure: yes
""",
    "sip": """\
name: sbc
provider: sip
host: 10.9.0.1
""",
    "sip with every key": """\
name: other
provider: sip
host: sip.example.org
port: 5081
transport: tls
srtp: yes
register: yes
proxy: 10.65.1.10:5082
domain: example.org
username: alice
auth_username: alice@private.example.org
password: "${SIP_PASSWORD}"
realm: other realm
expires: 600
number: national-0
caller_id: e164-plain
prefix: "5677777"
identity: pai
identity_host: 10.65.1.2
from_user: pilot
user_phone: yes
headers: {X-Trunk-Group: a1}
codecs: [alaw, gsm]
dtmf: rfc4733
timers: no
prack: no
options: no
media: [10.65.2.0/24]
sources: [10.65.1.0/24, 10.65.3.1]
numbers: ["+918047491899"]
""",
}
"""By a name that says what it shows; the operator's secrets come from the environment."""

ENVIRON = {name: f"{name.lower()} secret" for name in ("BSNL_PASSWORD", "AIRTEL_PASSWORD", "TATA_PASSWORD")} | {
    name: f"{name.lower()}; secret" for name in ("EXOTEL_SIP", "TWILIO_SIP", "SIP_PASSWORD")
}

_HEAD = """\
asterisks:
  - {name: pbx1, ami: "tcp:127.0.0.1:5038", username: exoswitch, secret: s3cret-of-pbx-10, host: 127.0.0.1}
trunks:
"""


def written(*texts: str) -> str:
    """Give a configuration with these trunks."""
    entries = (textwrap.indent(text, "    ").replace("    ", "  - ", 1) for text in texts)
    return _HEAD + "".join(entries)


def settings_of(folder: Path, *texts: str) -> tuple[TrunkConfig, ...]:
    """Load these trunks from a file.

    Raises:
        ConfigError: they cannot be used.
    """
    file = folder / "exoswitch.yaml"
    file.write_text(written(*texts), encoding="utf-8")
    return load(file, SETTINGS, ENVIRON).trunks
