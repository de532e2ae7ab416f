"""A file of certificates to trust is looked into before a call depends on it."""

import pytest
from cryptography import x509

from exoswitch.config.certificates import check_certificates
from exoswitch.config.kinds import Unreadable
from tests.harness.certificates import certificate_pem


def test_certificates_in_pem_are_good(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(b"Ours:\n" + certificate_pem(x509.DNSName("a"))[0] + certificate_pem(x509.DNSName("b"))[0])
    check_certificates(str(file))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_without_one_is_told_so(tmp_path, content):
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(Unreadable, match="it holds no certificate in PEM"):
        check_certificates(str(file))


def test_a_file_that_cannot_be_read_is_told_so(tmp_path):
    with pytest.raises(Unreadable, match="it cannot be read: No such file"):
        check_certificates(str(tmp_path / "ca.pem"))
