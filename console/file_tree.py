"""The files of a package as a tree. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.browsing import PackedFile

SHOWN = 2_000
DEPTH = 10  # folders within folders; what lies deeper is named by the rest of its path


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file: its name in its folder, and its path in the package."""

    name: str
    path: str
    size: int


@dataclass(slots=True)
class Folder:
    """A folder with what is in it; ``size`` and ``count`` are of everything beneath. ``is_open`` leads to the chosen file."""

    name: str
    folders: dict[str, "Folder"] = field(default_factory=dict)
    files: list[Leaf] = field(default_factory=list)
    size: int = 0
    count: int = 0
    is_open: bool = False

    @property
    def children(self) -> list["Folder"]:
        return [self.folders[name] for name in sorted(self.folders)]


def tree(files: Iterable[PackedFile], *, chosen: str = "") -> Folder:
    """The root folder. Of more than ``SHOWN`` files the first by path are in it; the root counts all of them."""
    root = Folder("", is_open=True)
    for number, file in enumerate(files):
        root.size, root.count = root.size + file.size, root.count + 1
        if number < SHOWN:
            _put(root, file, file.path == chosen)
    if not chosen and len(root.folders) == 1 and not root.files:
        root.children[0].is_open = True  # a lone folder: python/
    return root


def _put(root: Folder, file: PackedFile, is_chosen: bool) -> None:
    parts = file.path.split("/")
    parents, rest = parts[: min(len(parts) - 1, DEPTH)], parts[min(len(parts) - 1, DEPTH) :]
    folder = root
    for part in parents:
        folder = folder.folders.setdefault(part, Folder(part))
        folder.size, folder.count = folder.size + file.size, folder.count + 1
        folder.is_open = folder.is_open or is_chosen
    folder.files.append(Leaf("/".join(rest), file.path, file.size))
