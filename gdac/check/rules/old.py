"""The few date rules of files older than 3.1, which get no data phase (RUD)."""
