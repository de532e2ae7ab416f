"""Certificates for servers of the tests' own."""

import datetime as dt

from attrs import define, field
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import ssl

HOUR = dt.timedelta(hours=1)

# RFC 5280 §4.2.1.3; OpenSSL's strict checks, which Python 3.13 makes, want it in an authority's own certificate.
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _key():
    return ec.generate_private_key(ec.SECP256R1())


def certificate(*names):
    """Make a certificate that signs itself, with its key, for these names."""
    return ssl.PrivateCertificate.loadPEM(b"".join(certificate_pem(*names)))


def certificate_pem(*names):
    """Make a certificate that signs itself, good for an hour; give it and its key as PEM."""
    key = _key()
    return _pem(_built("exoswitch tests", "exoswitch tests", key, names).sign(key, hashes.SHA256())), _key_pem(key)


@define
class Authority:
    """Signs certificates that are valid in every respect but the one that a test changes."""

    name: str = "exoswitch authority"
    key: ec.EllipticCurvePrivateKey = field(factory=_key, init=False)

    @property
    def certificate(self):
        """The authority's own certificate."""
        return ssl.Certificate.loadPEM(self.pem)

    @property
    def pem(self):
        """The authority's own certificate, as PEM."""
        built = _built(self.name, self.name, self.key, ())
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        built = built.add_extension(_SIGNS_CERTIFICATES, critical=True)
        built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        return _pem(built.sign(self.key, hashes.SHA256()))

    def issue(self, *names, common_name="exoswitch tests", until=HOUR):
        """Sign a certificate for these names; without names it has no subjectAltName."""
        return ssl.PrivateCertificate.loadPEM(self.issue_pem(*names, common_name=common_name, until=until))

    def issue_pem(self, *names, common_name="exoswitch tests", until=HOUR):
        """Sign a certificate for these names; give it and its key as PEM."""
        key = _key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = _built(common_name, self.name, key, names, until).add_extension(issuer, critical=False)
        return _pem(built.sign(self.key, hashes.SHA256())) + _key_pem(key)


def _built(subject, issuer, key, names, until=HOUR):
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 2 * HOUR)
        .not_valid_after(now + until)
    )
    return built.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else built


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(made):
    return made.public_bytes(serialization.Encoding.PEM)


def _key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
