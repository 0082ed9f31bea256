# SPDX-License-Identifier: MIT
"""The package's own way over a Serf agent; in the environment of requirements-serf.txt only."""
import contextlib
from typing import AsyncIterator, Sequence

import asyncserf
from asyncactor.abc import Transport
from asyncactor.backend import serf


@contextlib.asynccontextmanager
async def connect(host: str, port: int, topic: Sequence[str]) -> AsyncIterator[Transport]:
    async with asyncserf.serf_client(host=host, port=port) as client:
        yield serf.Transport(client, *topic)
