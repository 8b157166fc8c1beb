"""How this site writes what Django would write by the custom of a language."""
