"""Made-up secrets are the same for everyone and readable by their owner alone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.kept_secret import kept_secret


def test_processes_that_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    with ThreadPoolExecutor(8) as threads:
        secrets = {secret.get_secret_value() for secret in threads.map(lambda _: kept_secret(path), range(50))}
    assert secrets == {path.read_text().strip()}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_files_hold_two_secrets(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "one") != kept_secret(tmp_path / "two")


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine\n")
    (tmp_path / "secret").chmod(0o644)
    assert kept_secret(tmp_path / "secret").get_secret_value() == "mine"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
