"""Sub-commands that the extra ``sync`` adds to `gdac`."""
