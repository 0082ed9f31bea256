# SPDX-License-Identifier: MIT
"""The package's own way over MQTT, as far as it must be helped onto its feet."""
import contextlib
from typing import AsyncContextManager, AsyncIterator, Sequence

import asyncactor
from asyncactor.abc import Transport
from asyncactor.backend import mqttproto
from moat.lib.mqtt import QoS
from moat.lib.mqtt.async_client import AsyncMQTTClient, AsyncMQTTSubscription

# Before Python 3.12 the newest published moat-util enters no contexts but those decorated so.
for part in (asyncactor.Actor, mqttproto.MQTTMonitor):
    part._ctx = contextlib.asynccontextmanager(part._ctx)


class Client(AsyncMQTTClient):
    """What the package's backend calls `maximum_qos` is `qos` in every client that is published."""

    def subscribe(self, *patterns: str,
                  maximum_qos: QoS) -> AsyncContextManager[AsyncMQTTSubscription]:
        return super().subscribe(*patterns, qos=maximum_qos)


@contextlib.asynccontextmanager
async def connect(host: str, port: int, topic: Sequence[str]) -> AsyncIterator[Transport]:
    async with Client(host, port) as client:
        yield mqttproto.Transport(client, topic)
