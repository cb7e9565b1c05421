"""How the commands of this package print."""

import json


def dumps(value: object) -> str:
    """JSON as our commands print it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
