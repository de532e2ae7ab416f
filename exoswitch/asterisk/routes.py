"""Core: a script with the routes to the media networks of carriers, and a check of the default route.

Media of a carrier takes the way of its signalling: a VPN brings a route to the signalling address, and often none to
the addresses of media (one-way audio, or none). The default route never leads into a carrier's VPN: it would cut off
the link to the gateways, DNS and all else.
"""

from collections.abc import Iterator, Sequence

from exoswitch.asterisk.carriers import Carrier, network_of

_TEXT = """\
#!/bin/sh
# Written by `exoswitch render-asterisk`. Do not edit: change exoswitch.yaml and render again.
# Adds the routes to the media of carriers. Run it as root when a carrier's VPN has come up: by `up` of OpenVPN, by
# `PostUp` of WireGuard, or by a hook of your network. Asterisk's unit runs it, too. It can run again at any time.
set -u
status=0

problem() {{
    echo "carrier-routes: $*" >&2
    status=1
}}

# route TRUNK SIGNALLING private|public NETWORK...
route() {{
    trunk=$1 peer=$2 kind=$3
    shift 3
    way=$(ip -o route get fibmatch "$peer" 2>/dev/null) || {{
        problem "$trunk: there is no route to $peer; is the carrier's VPN up?"
        return
    }}
    case $kind:$way in
    private:default*|private:0.0.0.0/1*|private:128.0.0.0/1*)
        problem "$trunk: $peer takes the default route; is the carrier's VPN down, or has it the default route?"
        return ;;
    public:default*)
        echo "carrier-routes: $trunk: its media takes the default route, as $peer does" ;;
    *)
        device=$(echo "$way" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
        via=$(echo "$way" | sed -n 's/.* via \\([^ ]*\\).*/\\1/p')
        if [ -n "$(ip route show default dev "$device")" ]; then
            problem "$trunk: the default route leads to the carrier: run ip route del default dev $device"
        fi
        for network; do
            ip route replace "$network" via "${{via:-$peer}}" dev "$device" || problem "$trunk: no route to $network"
        done ;;
    esac
}}

{routes}
exit $status
"""


def carrier_routes(carriers: Sequence[Carrier]) -> str:
    """Render the script."""
    return _TEXT.format(routes="\n".join(_routes(carriers)) or "# No trunk has media networks of its own.")


def _routes(carriers: Sequence[Carrier]) -> Iterator[str]:
    for carrier in carriers:
        host = carrier.peer.host
        peer = network_of(host)
        if peer is None:
            yield f"# {carrier.name}: {host} is a name, so its media takes the default route."
            continue
        media = [str(network) for network in carrier.media if network.version == peer.version]
        if media:
            yield f"route {carrier.name} {host} {'public' if peer.is_global else 'private'} {' '.join(media)}"
