"""Files that hold keys: their owner alone can read them from their first byte on."""

import os
from pathlib import Path
from typing import BinaryIO


def create_private(file: Path) -> BinaryIO:
    """Create a file and open it for writing; an older one of this name is removed, whoever could read that.

    Raises:
        OSError: it could not be removed or created.
    """
    file.unlink(missing_ok=True)
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_private(file: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: it could not be written; what was there before is as it was.
    """
    new = file.with_name(file.name + ".new")
    with create_private(new) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
