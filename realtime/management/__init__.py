"""What an operator does with the speaking part from the command line."""
