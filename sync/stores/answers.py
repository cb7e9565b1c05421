"""What a server said, made fit for one line of a message: it may be long, hostile or not text at all."""


def shown(answer: str, limit: int = 200) -> str:
    """One printable line of at most `limit` characters."""
    line = " ".join(answer.split())
    if not line.isprintable():
        line = ascii(line)[1:-1]
    return line if len(line) <= limit else line[: limit - 3] + "..."
