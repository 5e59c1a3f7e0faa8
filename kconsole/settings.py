"""config.toml → Settings: every key with its type, default and what it is for; and the XDG folders.

Unknown keys and wrong values are errors that name file, line and what was expected: a misspelt `protected` must never
leave a production cluster unprotected.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from kconsole.errors import UsageError
from kconsole.i18n import _, mark

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SortKey = Literal["trouble", "name", "status", "roles", "version", "age"]


def _about(sentence: str, **limits: Any) -> msgspec.Meta:
    return msgspec.Meta(description=sentence, **limits)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may set, once, for every run. Flags on the command line win."""

    protected: Annotated[
        list[str],
        _about(mark("Contexts (shell patterns such as *prod*) that are read-only until unlocked with a reason.")),
    ] = []
    read_only: Annotated[bool, _about(mark("Never change anything, in any context."))] = False
    theme: Annotated[str, _about(mark("Colour theme: the name of a file in themes/, without .toml."))] = "dark"
    language: Annotated[str, _about(mark("Language of the console, such as en; empty: as LANG says."))] = ""
    ascii: Annotated[bool, _about(mark("Draw with ASCII characters only."))] = False
    sort: Annotated[SortKey, _about(mark("What the node table is sorted by when it opens."))] = "trouble"
    all_columns: Annotated[bool, _about(mark("Open with all columns, also those that do not fit."))] = False
    pods_every: Annotated[
        int, _about(mark("Seconds between two counts of a visible node's pods; 0: never count."), ge=0, le=3600)
    ] = 30
    paints_per_second: Annotated[
        int, _about(mark("How often the table may be painted; 0: 4 over SSH, else 10."), ge=0, le=60)
    ] = 0

    def protects(self, context: str) -> bool:
        """Whether a context is read-only until unlocked."""
        return any(fnmatch.fnmatchcase(context, pattern) for pattern in self.protected)


def config_file() -> Path:
    """Where the configuration is: `$XDG_CONFIG_HOME/kconsole/config.toml`."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "config.toml"


def state_folder() -> Path:
    """Where journals are kept: `$XDG_STATE_HOME/kconsole`."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def operations_folder() -> Path:
    """Where each operation's journal is."""
    return state_folder() / "operations"


def _xdg(variable: str, default: str) -> Path:
    base = os.environ.get(variable, "")
    return (Path(base) if os.path.isabs(base) else Path.home() / default) / "kconsole"


def load_settings(path: Path) -> Settings:
    """The settings in the file at `path`; the defaults where there is no file.

    Raises UsageError naming file, line and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(_("{path} cannot be read: {problem}").format(path=path, problem=problem)) from problem
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(_("{path} is not valid TOML: {problem}").format(path=path, problem=problem)) from problem
    known = {key["name"]: key["type"] for key in explain()}
    for name, value in values.items():
        if name not in known:
            says = _("{path}:{line}: there is no setting {name}. Known: {known}")
            raise UsageError(
                says.format(path=path, line=_line_of(name, text), name=name, known=", ".join(sorted(known)))
            )
        try:
            msgspec.convert({name: value}, Settings)
        except msgspec.ValidationError as problem:
            says = _("{path}:{line}: {name} = {value!r} cannot be used. Expected: {expected}")
            raise UsageError(
                says.format(path=path, line=_line_of(name, text), name=name, value=value, expected=known[name])
            ) from problem
    return msgspec.convert(values, Settings)


def _line_of(name: str, text: str) -> int:
    """The line where a top-level key or table stands; 1 when it is spelt in a way not looked for."""
    spelt = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*[\].=]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if spelt.match(line)), 1)


def explain() -> list[dict[str, Any]]:
    """Every setting: name, type as a person would say it, default, description (English message id)."""
    described = []
    for field in msgspec.inspect.type_info(Settings).fields:  # type: ignore[attr-defined]
        annotated = field.type
        default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        described.append(
            {
                "name": field.name,
                "type": _type_words(annotated.type),
                "default": default,
                "description": annotated.extra_json_schema["description"],
            }
        )
    return described


def _type_words(kind: msgspec.inspect.Type) -> str:
    if isinstance(kind, msgspec.inspect.ListType):
        return "list of strings"
    if isinstance(kind, msgspec.inspect.LiteralType):
        return " | ".join(str(value) for value in kind.values)
    if isinstance(kind, msgspec.inspect.IntType):
        return f"{kind.ge}–{kind.le}"
    return {msgspec.inspect.BoolType: "true | false", msgspec.inspect.StrType: "string"}[type(kind)]
