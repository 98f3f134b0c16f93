"""Whether a package may import the AWS SDK: what names it nowhere is started without.

No more than a guess, which costs a function that was guessed wrong the import of what others are given loaded.
"""

import functools
import os
from pathlib import Path

_NAME = b"boto"  # of boto3 and botocore, and of what is made for them
_NOT_READ = (".pyc", ".so", ".zip", ".whl", ".egg")  # code whose names are not looked for
_MOST_FILES, _MOST_BYTES = 200, 1 << 20


@functools.lru_cache(maxsize=4096)
def names_sdk(directory: Path) -> bool:
    """Whether Python code in ``directory``, which does not change, names the SDK; or there is more than is looked at."""
    files = size = 0
    for folder, _folders, names in os.walk(directory):
        for name in names:
            if name.endswith(_NOT_READ):
                return True
            if not name.endswith(".py"):
                continue
            code = Path(folder, name).read_bytes()
            files, size = files + 1, size + len(code)
            if _NAME in code or files > _MOST_FILES or size > _MOST_BYTES:
                return True
    return False
