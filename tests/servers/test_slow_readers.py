"""A client that asks for much and takes nothing of it: it loses its place, as one that says nothing does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from helpers.servers import tls


def test_client_that_takes_nothing_loses_its_place(tmp_path: Path) -> None:
    async def answer_to_nobody() -> bytes:
        held = asyncio.Event()
        taken: list[asyncio.StreamReader] = []

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.append(reader)
            await held.wait()
            writer.close()

        async with await asyncio.start_unix_server(silent, tmp_path / "client.sock", limit=1024):
            _, client = await asyncio.open_unix_connection(tmp_path / "client.sock")
            source = asyncio.StreamReader()
            source.feed_data(bytes(16 * 1024 * 1024))
            source.feed_eof()
            await asyncio.wait_for(tls._pump(source, client, 0.05), 60)
            client.transport.abort()
            held.set()
            return await source.read()

    assert asyncio.run(answer_to_nobody()), "it was given up before all was sent"
