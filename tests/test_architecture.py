"""The arrows of the architecture and the rules of the house, checked on the files as they are."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "nylasadmin"
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}
TEMPLATE_LINES = 100

# What a layer may import from outside the package, beside the standard library.
OUTSIDE = {
    "domain": {"msgspec", "dateutil"},
    "services": {"msgspec", "dateutil"},
    "sandbox": {"flask", "werkzeug", "icalendar", "dateutil", "waitress"},
}

# Written in two halves, so that this file does not contain what it looks for.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.",
    "un" + "pkg.com",
    "js" + "delivr.",
    "cdn" + "js.",
]
MACHINE_PATHS = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/tmp/" + "nyl", "/opt/" + "pypi"]
FOREIGN_TO_THE_REPOSITORY = re.compile("|".join(map(re.escape, REGISTRY_HOSTS + MACHINE_PATHS)))


def tracked_files() -> list[Path]:
    """Every file under version control (those of an unpacked archive, where there is none)."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        return [file for file in ROOT.rglob("*") if file.is_file() and ".venv" not in file.parts]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_the_arrows_between_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("layer", OUTSIDE)
def test_a_pure_layer_imports_only_what_it_is_allowed(layer: str) -> None:
    graph = grimp.build_graph("nylasadmin", include_external_packages=True)
    root = f"nylasadmin.{layer}"
    used = {
        imported
        for module in {root} | graph.find_descendants(root)
        for imported in graph.find_modules_directly_imported_by(module)
        if not imported.startswith("nylasadmin.")
    }
    assert used <= OUTSIDE[layer] | set(sys.stdlib_module_names)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules() if {path.stem, path.parent.name} & VAGUE_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    with_code = [path for path in modules() if path.read_text(encoding="utf-8").strip()]
    assert [path for path in with_code if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_every_template_stays_short() -> None:
    templates = sorted((ROOT / "templates").rglob("*.*"))
    assert [path for path in templates if len(path.read_text(encoding="utf-8").splitlines()) >= TEMPLATE_LINES] == []


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [
            f"{path.relative_to(ROOT)}: {match}" for match in sorted(set(FOREIGN_TO_THE_REPOSITORY.findall(text)))
        ]
    assert found == []
