"""Redis, and media planes, for whichever tests of this folder ask for them."""

import pytest

from tests.contract.media_plane_stage import nodes
from tests.harness.redis_server import patient_links, server  # noqa: F401 - fixtures


@pytest.fixture(params=nodes())
def begin(request):
    nodes = []

    def begin(**config):
        nodes.append(request.param(**config))
        return nodes[-1]

    yield begin
    for node in nodes:
        node.close()


@pytest.fixture
def node(begin):
    return begin()
