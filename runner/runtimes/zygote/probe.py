"""Whether this host lets a zygote make sandboxes: the calls of ``held.py`` that some kernels and distributions refuse.

Prints nothing when it may, else what was refused; to be started alone, since it does not come back from where it goes.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from zygote import kernel  # noqa: E402

NOBODY = 65534  # a zygote of root's makes its sandboxes as users that are nobody


def main():
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        outside = os.geteuid(), os.getegid()
        kernel.unshare(kernel.NAMESPACES)
        kernel.map_user(1, 1, *outside)
        kernel.mount("none", "/", "", kernel.REC | kernel.PRIVATE)
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.NOSUID | kernel.NODEV)
        kernel.restrict("/tmp", kernel.READ_ONLY)
    except OSError as error:
        print("%s: %s" % (error.filename or "becoming a user", error.strerror))


if __name__ == "__main__":
    main()
