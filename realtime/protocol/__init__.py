"""The sans-IO core: messages in, effects out. No asyncio, sockets, clocks, logging or Django in here."""
