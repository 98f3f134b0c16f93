"""Measures the whole product from outside, on this machine. Run with ``make bench``."""
