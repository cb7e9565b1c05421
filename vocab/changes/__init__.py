"""What differs between two versions of tables or of the whole vocabulary."""
