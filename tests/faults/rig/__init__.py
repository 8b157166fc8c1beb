"""What the fault tests stand on: servers to kill and to stop, a network to break, an upstream, callers, a checker."""
