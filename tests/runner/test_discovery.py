"""Which files are interpreters."""

import sys
from pathlib import Path
from typing import Any

from runner.runtimes import discovery


def test_a_script_with_an_interpreters_name_is_not_run(settings: Any, tmp_path: Path):
    (tmp_path / "shims").mkdir()
    shim = tmp_path / "shims" / "python3.12"
    shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\nexec {sys.executable} $*\n")
    shim.chmod(0o755)
    settings.DATA_DIR = tmp_path
    settings.RUNTIME_PATHS = [str(shim.parent), str(Path(sys.executable).resolve().parent)]
    found = discovery._of_this_host.__wrapped__()
    assert sys.version_info[:2] in [one.version for one in found]
    assert not (tmp_path / "was-run").exists()
