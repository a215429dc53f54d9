"""Writes docs/settings.md, the one table of all settings: `python -m config.settings_page`."""

from __future__ import annotations

from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from config.settings import Settings, environment_name
from config.values import allowed

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Read from the environment once, when a process starts. A wrong value, or an unknown name with the prefix `TICKETS_`,
stops the start with one line that names the variable and says what is allowed. This page is generated:
`python -m config.settings_page` writes it anew.

| Variable | Default | Allowed | What and why |
| --- | --- | --- | --- |
"""


def settings_table() -> str:
    """The page as Markdown: each variable with its default, what is allowed, and the reason."""
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{environment_name(name)}`", _default(name, field), allowed(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return str(extra["default"])
    if field.default is None:
        return "unset"
    shown = Settings.model_construct().model_dump(mode="json", include={name})[name]
    text = ",".join(map(str, shown)) if isinstance(shown, list) else str(to_jsonable_python(shown))
    return f"`{text}`" if text else "empty"


if __name__ == "__main__":
    PAGE.write_text(settings_table(), encoding="utf-8")
