"""The sub-command of this package."""
