"""Collecting: what DACs submit is taken, checked, decided upon, published, sealed and reported.

A *submission* is what one DAC had in its inbox when a run looked: loose files, archives and lists. Each file of it, and
each member of an archive, is an *item*, which goes through steps that the state remembers; a run that dies is resumed
where it stood, and every step can be done again without harm.
"""
