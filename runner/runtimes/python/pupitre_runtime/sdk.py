"""The AWS SDK, loaded before it is known whether the function wants it: lent to one that does, as if it came from disk.

Until the function imports it, it is on a shelf: not in ``sys.modules``, and not counted as the function's memory.
"""

import os
import sys

CLIENTS = ("s3", "sqs", "sns", "dynamodb", "lambda", "events")  # whose descriptions are parsed already


class Shelf:
    """The SDK's modules, and what was loaded ahead weighs in kB of memory: ``sdk_kb`` of the SDK with one client.

    What is made ready here need not be made by every fork, where each object that is looked at is a page to copy.
    """

    def __init__(self):
        self.modules = {}
        self.directory = ""
        self.ahead = self.packages = frozenset()
        self.weight_kb = self.sdk_kb = 0
        self.is_used = False

    def load(self, directory, before):
        """Import what most functions import, while nobody waits; without a ``directory`` there is no SDK.

        ``before``: the names of modules that every function finds loaded, whatever it brings.
        """
        base = anonymous_kb()
        if directory:
            self._load_from(directory, base)
        self.ahead = frozenset(sys.modules).difference(before)
        self.packages = frozenset(name.split(".", 1)[0] for name in self.ahead)
        self.modules = {name: sys.modules[name] for name in self.ahead if self._is_ours(sys.modules[name])}
        for name in self.modules:
            del sys.modules[name]
        self.weight_kb = max(0, anonymous_kb() - base)
        self.sdk_kb = min(self.sdk_kb, self.weight_kb)

    def _load_from(self, directory, base):
        self.directory = directory.rstrip("/") + "/"
        sys.path.insert(0, directory)
        try:
            self._load(base)
        except Exception:
            pass  # no SDK on this server: a function that imports it is told so in its own words
        finally:
            sys.path.remove(directory)

    def _load(self, base):
        import boto3
        from botocore.loaders import JSONFileLoader, Loader

        JSONFileLoader.load_file = remembering(JSONFileLoader.load_file)
        Loader.list_available_services = listing_once(Loader.list_available_services, self.directory)
        session = boto3.session.Session(region_name="us-east-1")
        for name in CLIENTS:
            session.client(name, aws_access_key_id="x", aws_secret_access_key="x")
            self.sdk_kb = self.sdk_kb or anonymous_kb() - base

    def put_away(self):
        """Have the function's own imports find the SDK here; called when ``sys.path`` is the function's.

        When the package or a layer brings a module that was loaded ahead, nothing of that remains.
        """
        own = set()
        for directory in sys.path[:3]:
            try:
                own.update(name.split(".", 1)[0] for name in os.listdir(directory))
            except OSError:
                pass
        if own & self.packages:
            self.modules = {}
            for name in self.ahead:
                sys.modules.pop(name, None)
        elif self.modules:
            sys.meta_path.insert(0, self)

    def _is_ours(self, module):
        return bool(self.directory) and (getattr(module, "__file__", None) or "").startswith(self.directory)

    def find_spec(self, name, _path=None, _target=None):
        """A function imports for the first time what lies here: it gets all of it."""
        if name not in self.modules:
            return None
        from importlib.machinery import ModuleSpec

        sys.meta_path.remove(self)
        sys.modules.update(self.modules)
        self.is_used = True
        return ModuleSpec(name, Lent(self.modules[name]))


class Lent:
    """Loads a module that is loaded."""

    def __init__(self, module):
        self.module, self.spec = module, module.__spec__

    def create_module(self, _spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec
        module.__loader__ = self.spec.loader


def remembering(load):
    """The SDK parses its data once for each session; what the first one has parsed is good for the function's own."""
    known = {}

    def load_file(self, path):
        if path not in known:
            known[path] = load(self, path)
        return known[path]

    return load_file


def listing_once(list_available, directory):
    """The SDK looks through nine hundred of its folders for each session; they are read-only, so once will do.

    Whoever has models of their own, in a folder outside ``directory``, has all of them looked through.
    """
    known = {}

    def list_available_services(self, type_name):
        paths = tuple(path for path in self.search_paths if os.path.isdir(path))
        if not all(path.startswith(directory) for path in paths):
            return list_available(self, type_name)
        if (type_name, paths) not in known:
            known[type_name, paths] = list_available(self, type_name)
        return list(known[type_name, paths])

    return list_available_services


def anonymous_kb():
    """The memory of this process that is no file's."""
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"RssAnon:"):
                return int(line.split()[1])
    return 0
