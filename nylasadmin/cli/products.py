"""Opens the installation a command works on."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nylasadmin import settings

if TYPE_CHECKING:
    from nylasadmin.bootstrap import Product


def read_settings(options: argparse.Namespace, **overrides: Any) -> settings.Settings:
    """Read the settings; the command's options win. Raises :class:`~nylasadmin.errors.BadSettings`."""
    environ = dict(os.environ)
    if options.config:
        environ[settings.PREFIX + "CONFIG"] = options.config
    return settings.load(environ, data_dir=options.data, **overrides)


@contextmanager
def opened(options: argparse.Namespace, **overrides: Any) -> Iterator[Product]:
    """Open the installation as long as the block runs. Its runner is not started."""
    from nylasadmin import bootstrap  # late: half a second that --help and sandbox need not pay

    product = bootstrap.build(read_settings(options, **overrides))
    try:
        yield product
    finally:
        product.close()
