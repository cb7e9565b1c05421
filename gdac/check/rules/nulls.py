"""NUL bytes in texts, on request (COM)."""
