"""The program: ``nylasadmin`` and ``python -m nylasadmin``."""

from __future__ import annotations

import sys

from nylasadmin.cli.commands import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
