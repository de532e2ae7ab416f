"""Adapter: the link to one Asterisk's manager: connected, logged in, booted, filtered, its channels listed.

Stages of `prepare`::

    logging in ─ FullyBooted ─► filtering ─ CoreShowChannels ─► up
"""

import random
from collections.abc import Iterator

from twisted.internet.interfaces import IReactorTime

from exoswitch.ami import actions
from exoswitch.ami.client import AmiListener, AmiProtocol
from exoswitch.ami.filters import STRANGER_REFUSED, WANTED_EVENTS, filter_actions
from exoswitch.ami.message import AmiMessage
from exoswitch.config.model import AsteriskConfig
from exoswitch.errors import BackendUnavailable, ConfigError, InvalidValue, Problem
from exoswitch.interfaces.metrics import IMetrics, Reading
from exoswitch.network.client_endpoint import client_endpoint
from exoswitch.tasks.fair_turns import FairTurns
from exoswitch.tasks.link import REPEAT_WARNING_S, Link, Pace
from exoswitch.tasks.within import within

BOOT_WAIT_S = 120.0
LOGIN_RETRY_S = 60.0  # a wrong secret stays wrong until somebody mends it, and Asterisk logs each attempt
PACE = Pace(first_s=0.5, longest_s=30.0, stop_s=2.0)


class AmiLink(Link[AmiProtocol, list[AmiMessage]]):
    """Keeps a connection to one Asterisk while it runs; the messages of all Asterisks share `turns`.

    `came_up` gets the CoreShowChannel events of all channels.

    `disbelieved` counts the messages that were refused.

    Raises:
        ConfigError: the configuration's `ami` is no endpoint.
    """

    def __init__(
        self,
        config: AsteriskConfig,
        reactor: IReactorTime,
        turns: FairTurns,
        rng: random.Random,
        metrics: IMetrics,
    ) -> None:
        try:
            endpoint = client_endpoint(reactor, config.ami)
        except InvalidValue as problem:
            where = f"asterisks[{config.name}].ami"
            remedy = f"{problem}: write it like tcp:10.0.1.5:5038"
            raise ConfigError((Problem(where, remedy),)) from problem
        super().__init__(
            endpoint, server=f"Asterisk {config.name}", where=config.ami, pace=PACE, clock=reactor, rng=rng
        )
        self._config = config
        self._turns = turns
        self.disbelieved = 0
        self._events = 0
        self._strangers = 0
        self._metrics = metrics
        metrics.read_from(self._readings)
        self._disbelief_logged_at = -REPEAT_WARNING_S

    def event(self, message: AmiMessage) -> None:
        """Take an event; events come from the login on, before and after `came_up`."""
        raise NotImplementedError

    def disbelieve(self, reason: str) -> None:
        """Count a message that Asterisk itself does not write; log one a minute."""
        self.disbelieved += 1
        now = self._clock.seconds()
        if now - self._disbelief_logged_at >= REPEAT_WARNING_S:
            self._disbelief_logged_at = now
            self._log.warn(
                "{server} sent a message that is not believed: {reason}. A caller may have written it: run exoswitch "
                "render-asterisk again, and restart Asterisk with its files. {count} such messages since the start.",
                server=self.server,
                reason=reason,
                count=self.disbelieved,
            )

    def make_protocol(self) -> AmiProtocol:
        """Make the manager protocol's client."""
        listener = AmiListener(
            connected=self.connected,
            event=self._take,
            refused=self.disbelieve,
            lost=self.lost,
            answered=self._measure,
        )
        return AmiProtocol(self._clock, self._turns, listener, WANTED_EVENTS, server=self.server)

    def _take(self, message: AmiMessage) -> None:
        self._events += 1
        if message.event == STRANGER_REFUSED:
            self._strangers += 1
        else:
            self.event(message)

    def _measure(self, action: str, answer_s: float) -> None:
        self._metrics.observe("ami_action_seconds", answer_s, asterisk=self._config.name, action=action)

    def _readings(self) -> Iterator[Reading]:
        asterisk = {"asterisk": self._config.name}
        yield Reading("ami_events_total", self._events, asterisk)
        yield Reading("ami_refused_total", self.disbelieved, asterisk)
        yield Reading("sip_strangers_total", self._strangers, asterisk)
        yield Reading("ami_queue", 0 if self.connection is None else self.connection.waiting, asterisk)

    async def prepare(self, connection: AmiProtocol) -> list[AmiMessage]:
        """Log in, wait for the boot, set the filters; give the channels that are up."""
        await self._log_in(connection)
        connection.keep_alive()
        booted = "with FullyBooted (its AMI user needs read = system)"
        await within(BOOT_WAIT_S, self._clock, connection.when_booted(), self.server, booted)
        await self._filter(connection)
        return await connection.collect(actions.list_channels())

    async def _log_in(self, ami: AmiProtocol) -> None:
        username, secret = self._config.username, self._config.secret
        challenged = await ami.action(actions.challenge())
        if challenged.succeeded and challenged.get("Challenge"):
            login = actions.log_in(username, secret, challenged)
        elif self._config.ami.startswith("tls:"):
            login = actions.log_in_by_secret(username, secret)
        else:
            self.extra_wait_s = LOGIN_RETRY_S
            problem = f"{self.server} refused the challenge of a login: {challenged.get('Message')}"
            self._log.error(
                "{problem}. The secret is not sent in the clear: find out what listens at {where}, or use tls:.",
                problem=problem,
                where=self._config.ami,
            )
            raise BackendUnavailable(problem)
        answer = await ami.action(login)
        self.extra_wait_s = 0.0 if answer.succeeded else LOGIN_RETRY_S
        if not answer.succeeded:
            problem = f"{self.server} refused the login of {username!r}: {answer.get('Message')}"
            self._log.error("{problem}. Compare username and secret with its manager.conf.", problem=problem)
            raise BackendUnavailable(problem)

    async def _filter(self, ami: AmiProtocol) -> None:
        for number, action in enumerate(filter_actions()):
            response = await ami.action(action)
            if not response.succeeded and number:
                raise BackendUnavailable(f"{self.server} took only some event filters: {response.get('Message')}")
            if not response.succeeded:
                self._log.info("{server} cannot filter events: it sends them all", server=self.server)
                return
