"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from comfy_api.errors import SettingsError
from comfy_api.settings import Settings


def test_nothing_has_to_be_set() -> None:
    settings = Settings.load()
    assert (settings.comfyui_url, settings.demo, settings.jobs_at_once) == ("", False, 1)


def test_each_goes_by_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMFYUI_URL", "https://studio.example.com/comfy")
    monkeypatch.setenv("COMFYUI_API_KEY", "s3cret")
    monkeypatch.setenv("EASEL_DATA", str(tmp_path))
    monkeypatch.setenv("EASEL_KEEP_BY_DEFAULT", "1")
    monkeypatch.setenv("EASEL_COMFYUI_HEADERS", '{"X-Door": "op3n"}')
    settings = Settings.load()
    assert settings.comfyui_url == "https://studio.example.com/comfy"
    assert settings.comfyui_api_key.get_secret_value() == "s3cret"
    assert (settings.data, settings.keep_by_default) == (tmp_path, True)
    assert settings.comfyui_headers == {"X-Door": "op3n"}
    for secret in ("s3cret", "op3n"):
        assert secret not in repr(settings)


def test_a_user_name_beside_an_api_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_URL", "http://me:s3cret@studio:8188")
    monkeypatch.setenv("COMFYUI_API_KEY", "s3cret")
    with pytest.raises(SettingsError, match="not both") as bad:
        Settings.load()
    assert "s3cret" not in str(bad.value)


def test_all_bad_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_URL", "ftp://nowhere")
    monkeypatch.setenv("EASEL_MAX_IMAGES", "many")
    monkeypatch.setenv("EASEL_GOODBYE_GRACE", "-1")
    with pytest.raises(SettingsError) as bad:
        Settings.load()
    assert set(bad.value.problems) == {"COMFYUI_URL", "EASEL_MAX_IMAGES", "EASEL_GOODBYE_GRACE"}
