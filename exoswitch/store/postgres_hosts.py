"""Adapter: the IP addresses of PostgreSQL's hosts, looked up for libpq, which would block the process for DNS."""

from psycopg2.extensions import parse_dsn

from exoswitch.errors import BackendUnavailable, HostNotFound
from exoswitch.network.interfaces import INames


async def host_parameters(address: str, names: INames) -> dict[str, str]:
    """Give the connection parameters that replace the hosts of an address: ``hostaddr`` beside ``host``.

    libpq connects to `hostaddr`, and checks the server's certificate against `host`. It tries several in their order
    (PostgreSQL 15 documentation §34.1.2). A host that is not found is left out.

    Raises:
        BackendUnavailable: no host was found.
        psycopg2.Error: libpq does not understand the address.
    """
    given = parse_dsn(address)
    if not given.get("host") or given.get("hostaddr"):
        return {}
    hosts = given["host"].split(",")
    ports = given.get("port", "").split(",")
    found, problem = [], ""
    for host, port in zip(hosts, ports if len(ports) == len(hosts) else ports * len(hosts), strict=False):
        try:
            found += [(host, ip, port) for ip in await _addresses(host, names)]
        except (HostNotFound, BackendUnavailable) as error:
            problem = problem or str(error)
    if not found:
        raise BackendUnavailable(problem)
    columns = zip(*found, strict=True)
    return dict(zip(("host", "hostaddr", "port"), map(",".join, columns), strict=True))


async def _addresses(host: str, names: INames) -> tuple[str, ...]:
    """Look a host up; the folder of a Unix socket has no address, and libpq takes it as it is."""
    return ("",) if not host or host.startswith(("/", "@")) else await names.look_up(host)
