"""Every setting: its environment variable, default, unit and limit. ``docs/settings.md`` lists the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from comfy_api.errors import SettingsError
from comfy_api.protocol.address import parse_address


class Settings(BaseSettings):
    """Settings of one process. Frozen; secrets are hidden in its repr.

    ``COMFYUI_URL`` and ``COMFYUI_API_KEY`` go by those names, every other by ``EASEL_`` and its own.
    """

    model_config = SettingsConfigDict(env_prefix="EASEL_", frozen=True, extra="ignore", populate_by_name=True)

    comfyui_url: str = Field("", validation_alias="COMFYUI_URL", description="The only ComfyUI to use")
    comfyui_api_key: SecretStr = Field(SecretStr(""), validation_alias="COMFYUI_API_KEY", description="Its API key")
    comfyui_headers: dict[str, str] = Field(default_factory=dict, repr=False, description="Headers for it, as JSON")
    comfyui_params: dict[str, str] = Field(default_factory=dict, repr=False, description="Parameters for it, as JSON")
    demo: bool = Field(False, description="Use the demo engine, whatever else is there")
    data: Path = Field(default_factory=lambda: user_data_path("easel", appauthor=False), description="Data folder")
    database: SecretStr = Field(
        SecretStr(""), description="Where jobs will be kept (not used yet): `sqlite:///…` or `postgresql://…`"
    )

    publish: bool = Field(True, description="Whether the Publish page is there")
    keep_by_default: bool = Field(False, description="Let a job finish when its maker changes the form or leaves")
    goodbye_grace: float = Field(4.0, ge=0, le=3600, description="Seconds from leaving the page to stopping its job")
    silent_grace: float = Field(600.0, ge=0, le=86400, description="Seconds from a silent loss to stopping its job")

    max_prompt_length: int = Field(4000, ge=1, le=1_000_000, description="Characters of a prompt text")
    max_pixels: int = Field(2048 * 2048, ge=64 * 64, description="Pixels of one picture")
    max_images: int = Field(8, ge=1, le=64, description="Pictures of one job")
    max_steps: int = Field(150, ge=1, le=10_000, description="Steps of a sampler")
    max_upload_bytes: int = Field(20 * 2**20, ge=1024, description="Bytes of an uploaded picture")
    max_media_bytes: int = Field(100 * 2**20, ge=1024, description="Bytes of an uploaded video, sound or other file")
    max_waiting: int = Field(20, ge=1, description="Jobs of one maker that may wait")
    max_jobs: int = Field(200, ge=1, description="Ended jobs of one maker that are remembered")
    jobs_at_once: int = Field(1, ge=1, le=64, description="Jobs given to the server at once")

    keep_previews: bool = Field(False, description="Never swap preview nodes; fetch pictures as files")
    silence: float = Field(1800.0, gt=0, description="Seconds without a sign of life before a job fails")
    patience: float = Field(300.0, gt=0, description="Seconds for a server that went away to come back")
    log_prompts: bool = Field(False, description="Write prompt texts into the log")
    base_path: str = Field("", description="Path prefix of the pages; app.py takes it from server.baseUrlPath")
    origins: tuple[str, ...] = Field((), description="Further origins that may open the live view, as JSON")

    @field_validator("comfyui_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url:
            parse_address(url)
        return url.strip()

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Self:
        if self.comfyui_url:
            parse_address(self.comfyui_url, api_key=self.comfyui_api_key.get_secret_value() or None)
        return self

    @field_validator("database")
    @classmethod
    def _is_database(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("sqlite:///", "postgresql://")):
            raise ValueError("begins with neither sqlite:/// nor postgresql://")
        return url

    @property
    def store(self) -> str | Path:
        """Where jobs are kept: the address that was given, which may hold a password, or a file in the data folder."""
        return self.database.get_secret_value() or self.data / "easel.db"

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the environment.

        Raises:
            SettingsError: names every value that cannot be used, not only the first.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError({_variable(e["loc"]): e["msg"] for e in error.errors()}) from None


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]).upper() if location else "COMFYUI_URL"
    return name if name.startswith("COMFYUI_URL") or name == "COMFYUI_API_KEY" else f"EASEL_{name}"
