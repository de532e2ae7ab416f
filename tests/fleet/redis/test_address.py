"""The address of a Redis, read from its URL."""

import pytest

from exoswitch.errors import InvalidValue
from exoswitch.fleet.redis.address import RedisAddress, parse_redis_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://127.0.0.1:6380/2", RedisAddress(host="127.0.0.1", port=6380, database=2)),
        ("redis://redis.example.org", RedisAddress(host="redis.example.org")),
        ("redis://redis/", RedisAddress(host="redis")),
        ("redis://[fd00::1]:6379/0", RedisAddress(host="fd00::1")),
        ("redis://:p%40ss%2F@h", RedisAddress(host="h", password="p@ss/")),
        ("redis://gateway:secret@h", RedisAddress(host="h", user="gateway", password="secret")),
    ],
)
def test_url_is_read(url, address):
    assert parse_redis_url(url) == address


@pytest.mark.parametrize(
    "url", ["", "redis://", "redis:h", "http://h", "redis://h:0", "redis://h:99999", "redis://h/db", "redis://u@h"]
)
def test_invalid_url_is_refused_without_being_repeated(url):
    with pytest.raises(InvalidValue, match="must be written as redis://") as refused:
        parse_redis_url(url.replace("h", "hunter2"))
    assert "hunter2" not in str(refused.value)


def test_tls_is_refused_with_what_to_do_instead():
    with pytest.raises(InvalidValue, match="private link"):
        parse_redis_url("rediss://:hunter2@h")


def test_password_is_never_shown():
    address = parse_redis_url("redis://:hunter2@h:1/2")
    assert "hunter2" not in repr(address)
    assert str(address) == "h:1/2"
