# SPDX-License-Identifier: MIT
"""The package's own way over a Serf agent; in the environment of requirements-serf.txt only."""
import contextlib
from typing import AsyncIterator, Optional, Sequence

import asyncserf
from asyncactor.abc import Transport
from asyncactor.backend import serf


@contextlib.asynccontextmanager
async def connect(host: str, port: int, topic: Sequence[str],
                  key: Optional[str]) -> AsyncIterator[Transport]:
    async with asyncserf.serf_client(host=host, port=port, rpc_auth=key) as client:
        yield serf.Transport(client, *topic)
