"""Tars from outside, read as a stream within caps: snapshots of the archive, and archives that a DAC submits."""
