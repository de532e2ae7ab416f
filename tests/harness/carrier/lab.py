"""The trunks of the end-to-end tests: one pair for each behaviour, and one for each provider."""

import ssl
from pathlib import Path

from attrs import define, field
from cryptography import x509

from tests.harness.carrier.carrier import Carrier
from tests.harness.carrier.digest import Digest
from tests.harness.carrier.names import Names
from tests.harness.carrier.pairs import Pairs
from tests.harness.certificates import Authority

PLAIN = ("faulty", "rested", "silent", "trying", "reasons", "redirecting", "media", "sessions")

LIMIT_CPS, FEW_CHANNELS, MANY_CHANNELS = 5, 4, 80
PULSES = {"1": "0.90", "15": "0.80", "30": "0.70", "60": "0.20", "60+1": "1.00"}  # each with a price of a minute

# BSNL's public user is a number, its private one an address; its domain is in no DNS, and its realm is another one.
DOMAIN, REALM = "ap.siptrunk.ims.bsnl.in", "realm.example"
IMPU, IMPI, PASSWORD = "+914024001355", "914024001355@ims.bsnl.in", "s3cret"
OWN_NUMBERS = "+914024001350-99"

EDGE = "pstn.in4.exotel.com"
EXOTEL_NUMBER, ACCOUNT_SID = "+918047491899", "acme1m"
TERMINATION = "acme.pstn.singapore.twilio.com"
TWILIO_NUMBER = "+14155550100"


@define(eq=False)
class Lab:
    """All pairs, and the name server that knows the hosts of some."""

    carrier: Carrier
    folder: Path
    pairs: Pairs = field(init=False)
    authority: Authority = field(factory=Authority, init=False)
    nameserver: str = field(init=False)
    names: Names = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pairs = Pairs(self.carrier)
        self.nameserver, self.names = self.carrier.name_server()
        self.pairs.add("callee", {"cost": {"rate": "0.20"}})
        for name in PLAIN:
            self.pairs.add(name)
        self.pairs.add("reloaded", {"channels": MANY_CHANNELS})
        self.pairs.add("limited", {"cps": LIMIT_CPS})
        self.pairs.add("narrow", {"channels": FEW_CHANNELS})
        for pulse, rate in PULSES.items():
            self.pairs.add(pulse_pair(pulse), {"cost": {"rate": rate, "pulse": pulse}})
        self._ims()
        self._over_streams()
        self._abroad()

    def _ims(self) -> None:
        """Trunks of an IMS: registered, and one without registration that answers no OPTIONS."""
        host = self.pairs.host()
        login = {"username": IMPU, "auth_username": IMPI, "password": PASSWORD, "numbers": [OWN_NUMBERS]}
        keys = {"provider": "bsnl", "domain": DOMAIN, "proxy": f"{host}:{self.pairs.port}", **login}
        pair = self.pairs.add("ims", keys, host=host)
        pair.first.digest = Digest(IMPI, PASSWORD, REALM)
        pair.first.registrar.digest = Digest(IMPI, PASSWORD, REALM)
        host = self.pairs.host()
        keys = {"provider": "vi", "domain": DOMAIN, "proxy": f"{host}:{self.pairs.port}", "options": "no"}
        self.pairs.add("unasked", keys, host=host).first.options = 0

    def _over_streams(self) -> None:
        """TLS with the right certificate, and with another host's; TLS without SRTP; TCP."""
        tls = {"provider": "sip", "transport": "tls", "port": self.pairs.port, "codecs": ["ulaw"], "options": "no"}
        for name, certified in (("secure", "secure.test"), ("foreign", "other.test"), ("clear", "clear.test")):
            host = self.names.hosts[f"{name}.test"] = self.pairs.host()
            keys = {**tls, "host": f"{name}.test", "srtp": name != "clear"}
            self.pairs.add(name, keys, host=host, transport="tls", context=self.context(certified))
        host = self.pairs.host()
        keys = {"provider": "sip", "host": host, "port": self.pairs.port, "transport": "tcp", "options": "no"}
        self.pairs.add("routed", keys, host=host, transport="tcp")

    def _abroad(self) -> None:
        """Exotel over TLS at its port 443, and Twilio without TLS."""
        exotel = self.names.hosts[EDGE] = self.pairs.host()
        keys = {"provider": "exotel", "account_sid": ACCOUNT_SID, "numbers": [EXOTEL_NUMBER]}
        self.pairs.add("exotel", keys, host=exotel, port=443, transport="tls", context=self.context(EDGE))
        twilio = self.names.hosts[TERMINATION] = self.pairs.host()
        keys = {"provider": "twilio", "termination": "acme", "secure": "no", "numbers": [TWILIO_NUMBER]}
        self.pairs.add("twilio", keys, host=twilio, port=5060)

    def context(self, name: str) -> ssl.SSLContext:
        """Make a server's TLS with a certificate for this name."""
        file = self.folder / f"{name}.pem"
        file.write_bytes(self.authority.issue_pem(x509.DNSName(name)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def pulse_pair(pulse: str) -> str:
    """Give the name of the pair whose first trunk has this pulse."""
    return f"pulse-{pulse.replace('+', '-')}-"
