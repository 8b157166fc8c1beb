"""What one worker carries: `make load`, or `python -m bench.load --help`."""
