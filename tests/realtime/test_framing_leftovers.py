"""What made a handshake is let go of once the connection is carried."""

import asyncio
import gc
import weakref

from realtime.framing import carry
from tests.realtime.providers.test_connection import on_both_loops
from tests.realtime.test_framing import LARGEST, Ear, wire


class Handshake(asyncio.Protocol):
    """Stands for a library that made one."""

    def data_received(self, data: bytes) -> None:
        """Nothing comes."""


@on_both_loops
async def test_the_protocol_that_made_the_handshake_is_not_kept() -> None:
    ours, theirs = wire()
    ours.setblocking(False)
    transport, handshake = await asyncio.get_running_loop().create_connection(Handshake, sock=ours)
    made = weakref.ref(handshake)
    ear = Ear()
    carry(transport, ear, is_client=True, largest=LARGEST)
    del handshake
    await asyncio.sleep(0)
    gc.collect()
    try:
        assert made() is None
    finally:
        ear.transport.disconnect()
        theirs.close()
