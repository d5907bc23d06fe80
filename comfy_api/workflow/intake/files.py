"""What a file holds, as values: workflows, documents beside them, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfy_api.errors import NotConvertible, NotReadable
from comfy_api.workflow.convert import convert
from comfy_api.workflow.document import Workflow
from comfy_api.workflow.reading import Graph, Unfit
from comfy_api.workflow.same import same
from comfy_api.workflow.spec import ObjectInfo


@dataclass(frozen=True)
class WorkflowFile:
    """One workflow as its file has it; nothing is converted yet.

    Attributes:
        name: the file's name, with its folders inside an archive; ``""``: it has none.
        api: the graph in API format, or None.
        ui: the same in UI format, or None. One of the two is there; a picture often has both.
        extra: the other keys of the wrapper that it came in, such as ``extra_data``. They may hold secrets.
        companions: name → other JSON documents of the same archive or wrapper, such as mapping files.
    """

    name: str
    api: Graph | None
    ui: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict, repr=False)
    companions: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def workflow(self, object_info: ObjectInfo | None = None) -> Workflow:
        """The graph that runs.

        Where the file holds both formats, the conversion is taken if it is what ran, so that the form knows where
        each value is stored; else what ran, with ``ui`` for its labels (formats.md §10).

        Args:
            object_info: the server's node definitions; only UI format needs them.

        Raises:
            NotReadable: it is in UI format, and there are no node definitions.
            NotConvertible: a part of it has no meaning on this server.
        """
        if self.ui is None:
            return Workflow(self.api or {}, self.extra)
        if self.api is not None:
            return self._of_both(self.api, self.ui, object_info)
        if object_info is None:
            raise NotReadable(
                f"{subject(self.name)} is saved in UI format, which only a server's node definitions explain. "
                'Choose a server first, or export it in ComfyUI with "Workflow → Export (API)".'
            )
        try:
            conversion = convert(self.ui, object_info)
        except NotConvertible as refusal:
            first, *others = refusal.reasons
            raise NotConvertible([f"{subject(self.name)}: {first}", *others], refusal.unknown) from None
        return Workflow(conversion.prompt, self.extra, self.ui, conversion)

    def _of_both(self, api: Graph, ui: dict[str, Any], object_info: ObjectInfo | None) -> Workflow:
        if object_info is not None:
            try:
                conversion = convert(ui, object_info)
            except NotConvertible:
                return Workflow(api, self.extra, ui)  # what ran needs no conversion
            if same(conversion.prompt, api):
                return Workflow(conversion.prompt, self.extra, ui, conversion)
        return Workflow(api, self.extra, ui)


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken.

    Attributes:
        name: its name, as for :class:`WorkflowFile`.
        sentence: which file, why, and what to do.
    """

    name: str
    sentence: str


@dataclass(frozen=True)
class Intake:
    """All that a source holds: every file in it is in one of the two."""

    files: tuple[WorkflowFile, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def one(self) -> WorkflowFile:
        """The one workflow.

        Raises:
            NotReadable: there is none, or there are several.
        """
        if len(self.files) == 1:
            return self.files[0]
        if not self.files:
            sentences = [refusal.sentence for refusal in self.refusals]
            raise NotReadable(" ".join(sentences[:3]) or "The workflow is missing. Choose a file.")
        names = ", ".join(subject(file.name) for file in self.files[:12])
        rest = f" and {len(self.files) - 12} more" if len(self.files) > 12 else ""
        raise NotReadable(f"There are {len(self.files)} workflows: {names}{rest}. Choose one of them.")


def subject(name: str) -> str:
    """The file as a sentence begins with it."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return f'"{shown if len(shown) <= 100 else "…" + shown[-99:]}"' if name else "The workflow"


def refuse(name: str, reason: Unfit) -> Refusal:
    """The refusal of a file for this reason."""
    return Refusal(name, f"{subject(name)} is no workflow: {reason.reason}. {reason.advice}")
