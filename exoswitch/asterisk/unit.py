"""Core: the systemd unit of an Asterisk with a rendered folder.

It makes the folders of a state directory before each start: Asterisk makes none itself, and ends without a folder for
its database. It takes the place of the unit of a distribution's package, because it has the same name.
"""

from collections.abc import Iterator

from exoswitch.asterisk.system import STATE_FOLDERS, descriptors
from exoswitch.config.model import AsteriskConfig

USER = "asterisk"  # of Debian's and Asterisk's own packages
ROUTES = "/usr/local/sbin/carrier-routes"

_TEXT = """\
# Written by `exoswitch render-asterisk`. Do not edit: change exoswitch.yaml and render again.
[Unit]
Description=Asterisk {name}, for exoswitch
After=network-online.target nftables.service
Wants=network-online.target
# A wrong file must not end the attempts: systemd tries every 2 s, until it is mended.
StartLimitIntervalSec=0

[Service]
User={user}
Group={user}
{folders}
# The minus: Asterisk also starts if a carrier's VPN is down.
ExecStartPre=-+{routes}
ExecStart=/usr/sbin/asterisk -f -C {etc_dir}/asterisk.conf
Restart=always
RestartSec=2
# The limit that Asterisk sets itself (maxfiles in asterisk.conf) must not be above this.
LimitNOFILE={descriptors}
# Audio comes before other work of this machine.
Nice=-10
UMask=0027

# It reads its own folder, writes to its state, and speaks IP.
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
# Who logs in to AMI can have Asterisk start programs (AGI, System). So no file is a program but Asterisk itself.
NoExecPaths=/
ExecPaths=/usr/sbin/asterisk /usr/lib -/usr/lib64 -/lib -/lib64

[Install]
WantedBy=multi-user.target
"""

# The folders of Debian's package.
_PACKAGED = """\
StateDirectory=asterisk
LogsDirectory=asterisk
RuntimeDirectory=asterisk
CacheDirectory=asterisk
ReadWritePaths=-/var/spool/asterisk"""


def asterisk_unit(pbx: AsteriskConfig, *, etc_dir: str, state_dir: str | None) -> str:
    """Render asterisk.service."""
    return _TEXT.format(
        name=pbx.name,
        user=USER,
        etc_dir=etc_dir,
        routes=ROUTES,
        folders=_PACKAGED if state_dir is None else "\n".join(_own_folders(state_dir)),
        descriptors=descriptors(pbx),
    )


def state_folders(state_dir: str) -> tuple[str, ...]:
    """Give the folders that Asterisk needs in its state directory, that one first."""
    return (state_dir, *(f"{state_dir}/{folder}" for folder in STATE_FOLDERS))


def _own_folders(state_dir: str) -> Iterator[str]:
    """Make the folders with full rights (+): the sandbox of `ExecStart` then finds them, and lets Asterisk write."""
    folders = " ".join(state_folders(state_dir))
    yield f"ExecStartPre=+/usr/bin/install -o {USER} -g {USER} -m 0750 -d {folders}"
    yield f"ReadWritePaths=-{state_dir}"
