"""The rules of a configuration."""

import pytest

from exoswitch.config.model import AccountConfig, AppConfig, Config, NumberConfig
from exoswitch.configured import rules


class Counted(dict):
    """A section of a configuration; it counts how often somebody passes over it."""

    passes = 0

    def items(self):
        self.passes += 1
        return super().items()

    def values(self):
        self.passes += 1
        return super().values()


def config_of(accounts):
    """Make a configuration of so many accounts, each with an app and a number."""
    names = [f"acme{number}" for number in range(accounts)]
    return Config(
        asterisks=(),
        accounts={name: AccountConfig(api_key=name, api_token="t") for name in names},
        apps=Counted({f"of-{name}": AppConfig(account=name, url=f"ws://bot/{name}") for name in names}),
        numbers=Counted(
            {
                f"+91804749{number:04}": NumberConfig(account=name, app=f"of-{name}")
                for number, name in enumerate(names)
            }
        ),
    )


def test_each_account_has_its_own_apps_numbers_and_urls():
    made = rules(config_of(3))
    for number in range(3):
        account = made.accounts.by_name[f"acme{number}"]
        assert {name: bot.url for name, bot in account.apps.items()} == {f"of-acme{number}": f"ws://bot/acme{number}"}
        assert list(account.numbers) == [f"+91804749{number:04}"]
        assert made.reach.urls[f"acme{number}"] == {f"ws://bot/acme{number}"}


@pytest.mark.parametrize("accounts", [1, 50])
def test_number_of_passes_over_apps_and_numbers_does_not_grow_with_the_accounts(accounts):
    config = config_of(accounts)
    rules(config)
    assert (config.apps.passes, config.numbers.passes) == (5, 2)
