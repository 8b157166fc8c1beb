"""What templates can ask the site for."""
