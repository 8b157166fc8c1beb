"""Commands of the house, and what they share."""
