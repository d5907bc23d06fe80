"""Where jobs are kept, by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from comfy_api.errors import SettingsError
from comfy_api.settings import Settings
from comfy_api.store import Store
from tests.store.conftest import add


def test_jobs_are_kept_in_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "50 % & more?"
    with Store(Settings.load(data=data).store) as store:
        add(store)
    assert (data / "easel.db").stat().st_size


def test_a_database_goes_by_its_variable_and_hides_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://easel:s3cret@db.example.com/easel"
    monkeypatch.setenv("EASEL_DATABASE", url)
    settings = Settings.load()
    assert settings.store == url
    assert "s3cret" not in repr(settings)


def test_another_kind_of_database_is_refused_without_telling_its_password() -> None:
    with pytest.raises(SettingsError) as bad:
        Settings.load(database="mysql://easel:s3cret@host/easel")
    assert set(bad.value.problems) == {"EASEL_DATABASE"}
    assert "s3cret" not in str(bad.value)
