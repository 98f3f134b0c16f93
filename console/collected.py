"""The static files, gathered under their hashed names: only when one of them has changed, since it takes seconds."""

import hashlib
import subprocess
import sys

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

UNUSED = ["django_htmx"]  # its copies of htmx: two megabytes to compress, and the console brings its own


def collect_if_changed() -> bool:
    """Bring ``STATIC_ROOT`` up to date; whether there was anything to do."""
    stamp = settings.DATA_DIR / "static-stamp"
    now = _fingerprint()
    if stamp.exists() and stamp.read_text() == now and settings.STATIC_ROOT.is_dir():
        return False
    ignored = [word for pattern in UNUSED for word in ("--ignore", pattern)]
    command = (sys.executable, "manage.py", "collectstatic", "--no-input", "--clear", "--verbosity", "0", *ignored)
    subprocess.run(command, cwd=settings.BASE_DIR, check=True)  # its forty megabytes end with it
    stamp.write_text(now)
    return True


def _fingerprint() -> str:
    """Of every source file's name, size and time."""
    digest = hashlib.sha256(django.__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list(UNUSED):
            digest.update(f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode())
    return digest.hexdigest()
