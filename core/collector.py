"""What the garbage collector need not look through."""

import gc


def keep_what_is_loaded() -> None:
    """All that is there now lives as long as the process: a full collection would go through half a million objects.

    Call it once everything is imported, before the first request. Later garbage is collected as ever.
    """
    gc.collect()
    gc.freeze()
