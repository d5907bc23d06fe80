"""From whatever file an author has to the workflows in it: see docs/intake.md. No network here."""

from __future__ import annotations

from comfy_api.workflow.intake.files import Intake, Refusal, WorkflowFile
from comfy_api.workflow.intake.read import read_files

__all__ = ["Intake", "Refusal", "WorkflowFile", "read_files"]
