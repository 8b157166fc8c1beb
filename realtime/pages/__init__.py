"""The pages that people see, rendered so that they can be read before any script runs."""
