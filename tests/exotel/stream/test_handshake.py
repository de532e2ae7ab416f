from exoswitch.call.bot_address import parse_address
from exoswitch.exotel.stream.handshake import upgrade_request


def test_the_upgrade_request_equals_that_of_exotels_client():
    assert upgrade_request(parse_address("wss://user:pass@bot.example.org:8443/ws?lang=hi"), "a2V5").decode() == (
        "GET /ws?lang=hi HTTP/1.1\r\n"
        "Host: bot.example.org:8443\r\n"
        "User-Agent: Go-http-client/1.1\r\n"
        "Authorization: Basic dXNlcjpwYXNz\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: a2V5\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Upgrade: websocket\r\n"
        "\r\n"
    )
