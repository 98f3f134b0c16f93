"""Sandboxes as forks of one interpreter that has everything loaded; see ``main.py``."""
