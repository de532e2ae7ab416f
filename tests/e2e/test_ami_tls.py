"""AMI over TLS, where the endpoint string says so: with an Asterisk that is trusted, and with no other."""

import ipaddress
from pathlib import Path

import pytest
from attrs import evolve
from cryptography import x509

from tests.e2e.calls.conftest import gateway_config
from tests.harness.certificates import certificate_pem
from tests.harness.e2e.asterisk_server import AsteriskServer
from tests.harness.e2e.gateway import GatewayProcess
from tests.harness.e2e.ports import free_port, free_ports

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def secured(asterisk, tmp_path_factory):
    """A second Asterisk, whose AMI speaks TLS; its certificate is in a folder of the same parent."""
    folder = tmp_path_factory.mktemp("secured")
    write_certificate(folder / "etc", folder / "trusted")
    pbx = evolve(
        asterisk.pbx,
        ami=f"tls:127.0.0.1:{free_port()}",
        sip=f"127.0.0.1:{free_port()}",
        rtp_ports=free_ports(4 * asterisk.pbx.capacity),
    )
    config = evolve(asterisk.config, asterisks=(pbx,))
    with AsteriskServer(asterisk.root, folder, config) as server:
        yield server


def write_certificate(etc: Path, trusted: Path) -> None:
    certificate, key = certificate_pem(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    for directory in (etc, trusted):
        directory.mkdir(parents=True)
    for path in (etc / "manager.pem", trusted / "pbx.pem"):
        path.write_bytes(certificate)
    (etc / "manager.key").write_bytes(key)


def gateway_of(secured, folder, options="", **settings):
    http_port = free_port()
    config = gateway_config(secured, http_port=http_port, bot_port=1, trunk="lab", ami=secured.pbx.ami + options)
    return GatewayProcess(folder, config, http_port, **settings)


def test_gateway_logs_in_over_tls(secured, tmp_path):
    with gateway_of(secured, tmp_path / "gateway", f":trustRoots={secured.folder / 'trusted'}") as gateway:
        assert "is ready" in gateway.log()


def test_asterisk_whose_certificate_nobody_vouches_for_is_not_logged_in_to(secured, tmp_path):
    error = "certificate verify failed"
    with pytest.raises(AssertionError, match=error), gateway_of(secured, tmp_path / "gateway", hindrance=error):
        pass
