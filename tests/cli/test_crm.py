"""``nylasadmin crm``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.shell import Shell

USER = '{"type":"user","id":"anna","name":"Anna Berg","email":"anna@brightwater.example"}'
ITEM = '{"type":"event","id":"e1","user":"anna","item":{"title":"Review","when":{"kind":"timed","start":1,"end":2}}}'

CONTACT = (
    '{"type":"contact","id":"c1","user":"anna","item":{"given_name":"Zoë","emails":[{"value":"zoe@client.example"}]}}'
)


def test_damaged_lines_are_named_and_the_rest_is_taken(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_bytes(
        "\n".join([USER, "{not json", ITEM, '{"type":"event","user":"nobody","item":{}}']).encode() + b"\n\xff\n"
    )
    loaded = shell("crm", "import", str(file))
    assert loaded.code == 1
    assert [line.split(":")[1] for line in loaded.err.splitlines()] == [" line 2", " line 4", " line 5"]
    assert loaded.out == "1 user and 1 item imported, 3 lines damaged.\n"


def test_an_export_can_be_imported_elsewhere_unchanged(shell: Shell, tmp_path: Path) -> None:
    shell("crm", "import", "-", stdin=f"{USER}\n{ITEM}\n{CONTACT}\n")
    exported = shell("crm", "export").out
    other = ("--data", str(tmp_path / "other"))
    assert shell("crm", "import", "-", *other, stdin=exported).code == 0
    assert shell("crm", "export", *other).out == exported
    assert [json.loads(line)["type"] for line in exported.splitlines()] == ["user", "contact", "event"]


def test_one_user_is_exported_by_address(shell: Shell) -> None:
    bruno = USER.replace("anna", "bruno").replace("Anna Berg", "Bruno Kessler")
    shell("crm", "import", "-", stdin=f"{USER}\n{bruno}\n{ITEM}\n")
    lines = [
        json.loads(line) for line in shell("crm", "export", "--user", "bruno@brightwater.example").out.splitlines()
    ]
    assert [line["id"] for line in lines] == ["bruno"]


def test_an_unknown_user_is_named(shell: Shell) -> None:
    refused = shell("crm", "export", "--user", "nobody")
    assert refused.code == 2
    assert "There is no user nobody." in refused.err


def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    refused = shell("crm", "import", "nowhere.jsonl")
    assert refused.code == 2
    assert "nowhere.jsonl cannot be read" in refused.err
