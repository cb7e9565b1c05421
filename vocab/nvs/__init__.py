"""The NERC Vocabulary Server's tables: from its own address or from files, verbatim, and what changed in them."""
