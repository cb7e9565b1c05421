"""FAIR assessments as tests of our own: FOOPS, a subset of O'FAIRe, F-UJI 0.8; nothing is asked of the internet."""
