"""Servers that speak something near the GA dialect, translated at the door: inside the house every event is GA."""

from realtime.protocol.dialects.door import Dialect, Door, Passed

__all__ = ["Dialect", "Door", "Passed"]
