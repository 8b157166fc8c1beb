"""Speaking: tickets, the protocol, the relay, the providers and the embedded engine."""
