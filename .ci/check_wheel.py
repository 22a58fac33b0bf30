"""Compare a built wheel with the tree: every file of the package, its templates and its static files must be inside."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

PLACES = {"nylasadmin": "nylasadmin", "templates": "nylasadmin/templates", "static": "nylasadmin/static"}


def expected() -> Iterator[str]:
    for source, inside in PLACES.items():
        for file in sorted(Path(source).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{inside}/{file.relative_to(source).as_posix()}"


def main(wheel: str) -> int:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = list(expected())
    missing = [name for name in wanted if name not in packed]
    for name in missing:
        print(f"missing in the wheel: {name}", file=sys.stderr)
    for place in PLACES.values():
        print(f"{sum(name.startswith(f'{place}/') for name in packed):5} files in {place}/")
    print(f"{wheel}: {len(wanted)} files expected, {len(missing)} missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
