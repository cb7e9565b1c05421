"""The rules, one function each, by family. How to write one: gdac/check/README.md."""
