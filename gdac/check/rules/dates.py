"""The date rules of the full data phase, for every file type (DAT)."""
