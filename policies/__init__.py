"""What is allowed: pure decisions with their data and sources (licence, retention, distribution)."""
