"""What a relay costs for each call, ours beside what people would use instead: `python -m bench.relay --help`."""
