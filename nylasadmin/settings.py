"""Settings: one frozen value, read once from ``NYLASADMIN_*`` variables and an optional TOML file.

Variables win over the file. Secrets may be given by file: ``NYLASADMIN_SECRET_KEY_FILE``. All problems are reported
together; a name nobody knows is a problem too, because it is usually a typing error.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from nylasadmin.errors import BadSettings

PREFIX = "NYLASADMIN_"
_LEAST_SECRET = 32
_SECRETS = ("secret_key", "secret_key_previous", "database_url")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an installation is configured with. ``docs/configuration.md`` describes every field."""

    secret_key: str = ""
    secret_key_previous: str = ""
    data_dir: str = ""
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    runner: str = "threads"
    workers: int = 4
    web_threads: int = 8
    cookie_secure: bool = True
    frame_ancestors: str = ""
    trusted_proxies: int = 0
    public_url: str = ""
    log_level: str = "INFO"

    @property
    def database(self) -> str:
        """The database's address: what is set, else a SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{Path(self.data_dir) / 'nylasadmin.db'}"


def load(environ: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Read the settings. Raises :class:`BadSettings` with every problem found.

    ``overrides`` (from the command line) win over variables, variables over the file ``NYLASADMIN_CONFIG`` names.
    """
    problems: list[str] = []
    values = _from_file(environ, problems) | _from_environ(environ, problems)
    values |= {name: value for name, value in overrides.items() if value is not None}
    settings = _converted(values, problems)
    problems += _problems(settings)
    if problems:
        raise BadSettings(problems)
    return settings


def _from_file(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    path = environ.get(PREFIX + "CONFIG")
    if not path:
        return {}
    try:
        values = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{PREFIX}CONFIG: {path} cannot be read ({error}). Name a readable TOML file.")
        return {}
    unknown = sorted(set(values) - set(Settings.__struct_fields__))
    problems += [f"{path}: there is no setting “{name}”. Remove it or correct its name." for name in unknown]
    return {name: value for name, value in values.items() if name not in unknown}


def _from_environ(environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == PREFIX + "CONFIG":
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.removesuffix("_file") in _SECRETS and name.endswith("_file"):
            name, value = name.removesuffix("_file"), _secret_from(variable, value, problems)
        if name not in Settings.__struct_fields__:
            problems.append(f"{variable}: there is no such setting. Remove it or correct its name.")
            continue
        values[name] = value
    return values


def _secret_from(variable: str, path: str, problems: list[str]) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        problems.append(f"{variable}: {path} cannot be read ({error}).")
        return ""


def _converted(values: dict[str, Any], problems: list[str]) -> Settings:
    good: dict[str, Any] = {}
    for name, value in values.items():
        kind = Settings.__annotations__[name]
        try:
            good[name] = msgspec.convert(value, {"str": str, "int": int, "bool": bool}[kind], strict=False)
        except msgspec.ValidationError:
            words = {"int": "a whole number", "bool": "true or false", "str": "text"}[kind]
            problems.append(f"{PREFIX}{name.upper()}: {value!r} is not {words}.")
    if good.get("data_dir"):
        good["data_dir"] = os.path.abspath(good["data_dir"])
    if good.get("public_url"):
        good["public_url"] = good["public_url"].rstrip("/")
    return Settings(**good)


def _problems(settings: Settings) -> list[str]:
    found = []
    if len(settings.secret_key) < _LEAST_SECRET:
        found.append(
            f"{PREFIX}SECRET_KEY: {'missing' if not settings.secret_key else 'too short'}. "
            f"Set at least {_LEAST_SECRET} random characters, for example from: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    if settings.runner not in ("threads", "inline"):
        found.append(f"{PREFIX}RUNNER: {settings.runner!r} is not a runner. Use threads or inline.")
    if settings.public_url and not _is_public_url(settings.public_url):
        found.append(
            f"{PREFIX}PUBLIC_URL: {settings.public_url!r} is not the address of a console. "
            "Use one such as https://nylas.example.com or https://portal.example.com/nylas."
        )
    limits = {"port": (0, 65_535), "workers": (1, 64), "web_threads": (2, 64), "trusted_proxies": (0, 5)}
    for name, (low, high) in limits.items():
        if not low <= getattr(settings, name) <= high:
            found.append(f"{PREFIX}{name.upper()}: use a number from {low} to {high}.")
    return found + _data_dir_problems(settings)


def _is_public_url(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def _data_dir_problems(settings: Settings) -> list[str]:
    if not settings.data_dir:
        return [f"{PREFIX}DATA_DIR: missing. Name a directory where this program may keep its files."]
    why = _why_unusable(Path(settings.data_dir))
    if why is None:
        return []
    return [f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be written ({why}). Choose another directory."]


def _why_unusable(directory: Path) -> str | None:
    """Say why a directory cannot be used or made. Looking makes nothing."""
    try:
        there = next(path for path in (directory, *directory.parents) if path.exists())
    except OSError as error:
        return error.strerror
    if not there.is_dir():
        return f"{there} is a file"
    return None if os.access(there, os.W_OK | os.X_OK) else f"no permission in {there}"
