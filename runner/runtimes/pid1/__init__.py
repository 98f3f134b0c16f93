"""The parts of PID 1; see ``init.py``."""
