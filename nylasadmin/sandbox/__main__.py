"""`python -m nylasadmin.sandbox`."""

from __future__ import annotations

import sys

from nylasadmin.sandbox.command import main

if __name__ == "__main__":
    sys.exit(main())
