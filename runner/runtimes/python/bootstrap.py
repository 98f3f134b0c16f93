"""The entry of the Python runtime; all of it is in the package beside this file, where byte code is kept."""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from pupitre_runtime import main  # noqa: E402

sys.path.remove(here)
main.main()
