"""The console for any WSGI server, for example ``gunicorn wsgi:app``: settings come from the environment."""

from __future__ import annotations

import sys

from nylasadmin.bootstrap import create_app
from nylasadmin.errors import BadSettings

try:
    app = create_app()
except BadSettings as error:
    sys.stderr.write("".join(f"nylasadmin: {problem}\n" for problem in error.problems))
    sys.exit(2)
