"""The address: settings, routes, health. Wires the floors below and decides nothing."""

__version__ = "0.1.0"
