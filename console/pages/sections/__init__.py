"""The sections of a function's configuration: one module each, listed in ``console.pages.configuration``."""
