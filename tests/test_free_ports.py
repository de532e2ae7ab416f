"""The ports that tests take are not given twice."""

import socket

import pytest

from tests.harness.e2e.ports import BLOCK, free_port, free_ports, held_port, own_network

pytestmark = pytest.mark.loopback


def test_a_held_port_is_given_to_nobody_else_however_many_ports_are_asked_for():
    with held_port() as held:
        assert held not in [free_port() for _ in range(BLOCK)]


def test_a_port_for_a_server_is_of_no_row_for_audio_however_many_are_asked_for():
    rows = {port for _ in range(BLOCK // 100) for port in free_ports(200)}
    assert rows.isdisjoint(free_port() for _ in range(BLOCK))


def test_a_server_can_listen_at_a_held_port_and_again_after_it_stopped():
    with held_port() as port:
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(server.getsockname()):
                server.accept()[0].close()


def test_the_addresses_of_a_process_stay_its_own_however_many_ports_are_asked_for():
    networks = {own_network() for _ in range(BLOCK) if free_port()}
    assert len(networks) == 1
