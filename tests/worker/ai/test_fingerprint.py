from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from worker.ai.embedded import fingerprint as module
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.embedded.fingerprint import fingerprint

FOLDER = Path(module.__file__).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "embedded", ignore=shutil.ignore_patterns("__pycache__"))


def test_the_same_files_have_the_same_fingerprint(copy: Path) -> None:
    assert fingerprint(copy) == fingerprint() == EmbeddedEngine().fingerprint


@pytest.mark.parametrize("name", ["concepts.json", "cues.json", "spam.json", "heads.npz", "quotes.py"])
def test_another_rule_word_or_array_changes_the_fingerprint(name: str, copy: Path) -> None:
    with (copy / name).open("ab") as file:
        file.write(b" ")

    assert fingerprint(copy) != fingerprint()
