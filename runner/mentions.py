"""Whether a package may import the AWS SDK: what names it nowhere is started without.

No more than a guess, which costs a function that was guessed wrong the import of what others are given loaded.
"""

import functools
import os
from pathlib import Path

_NAME = b"boto"  # of boto3 and botocore, and of what is made for them
_NOT_READ = (".pyc", ".so", ".zip", ".whl", ".egg")  # code whose names are not looked for
_MOST_FILES, _MOST_BYTES = 500, 1 << 20


@functools.lru_cache(maxsize=4096)
def names_sdk(directory: Path) -> bool:
    """Whether Python code in ``directory``, which does not change, names the SDK; or there is more than is looked at."""
    files = size = 0
    for folder, _folders, names in os.walk(directory):
        files += len(names)
        if files > _MOST_FILES or any(name.endswith(_NOT_READ) for name in names):
            return True
        for path in (os.path.join(folder, name) for name in names if name.endswith(".py")):
            size += os.path.getsize(path)
            if size > _MOST_BYTES or _NAME in Path(path).read_bytes():
                return True
    return False
