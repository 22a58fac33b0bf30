"""What goes out is what was decided: vendored files byte for byte, and every installed package pinned with hashes."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VENDORED = sorted(
    [*(ROOT / "static" / "vendor").glob("*.min.*"), *(ROOT / "tests" / "browser" / "vendor").glob("*.min.*")]
)
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    """Read name -> version of a lock file."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", VENDORED, ids=lambda path: path.name)
def test_a_vendored_file_has_the_checksum_written_in_the_decisions(path: Path) -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert f"| `{path.name}` | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |" in decisions


@pytest.mark.parametrize("path", VENDORED, ids=lambda path: path.name)
def test_a_vendored_file_names_its_version_and_has_its_licence_beside_it(path: Path) -> None:
    match = re.fullmatch(r"([a-z]+)-(\d+\.\d+\.\d+)\.min\.(js|css)", path.name)
    assert match
    assert match[2] in path.read_text(encoding="utf-8")
    assert path.name in (path.parent / "LICENSES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_file_has_hashes_and_nothing_is_left_unpinned(lock: str) -> None:
    requirements = re.split(r"\n(?=[^\s#])", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert [entry.splitlines()[0] for entry in requirements if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_tests_run_on_the_very_versions_that_operators_get() -> None:
    shipped, tested = (pins(lock) for lock in LOCKS)
    assert shipped.items() <= tested.items()


def test_the_build_backend_is_pinned_too() -> None:
    assert "hatchling" in pins("requirements.lock")
