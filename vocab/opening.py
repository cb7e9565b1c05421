"""A vocabulary from whatever folder somebody has: a build, an import, or plain files of tables."""

from pathlib import Path

from gdac.errors import UsageError
from vocab.build import Vocabulary, build
from vocab.folder import RECORD, open_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder


def open_or_build(folder: Path, names: Names) -> Vocabulary:
    """Open a build, or build one in memory.

    Args:
        folder: a build, an import or tables.
        names: our IRIs, for one that is built now; a build says its own.

    Raises:
        UsageError: no such folder, or nothing of the kind in it.
        RefusedError: what is there is broken.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder.",
            hint=f"Make a vocabulary (gdac vocab build --output {folder}) or give a folder of tables.",
        )
    return open_vocabulary(folder) if (folder / RECORD).is_file() else build(read_folder(folder), names)
