"""Which values a node keeps in ``widgets_values``, and in which order: its slot table.

The order comes from the server's object_info, never from the file. The frontend adds values of its own between and
behind the class's; they take a place and are not sent (formats.md §2.3, conversion.md rule 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from comfy_api.workflow.spec import OWN_CHOICES, InputSpec, parse_input
from comfy_api.workflow.ui.classes import (
    AUTOGROW,
    DYNAMIC_COMBO,
    DYNAMIC_GROUP,
    MISSING,
    NodeClass,
    default_of,
    inputs_in_order,
    is_widget,
    listing,
    mapping,
)

_MAX_ROWS = 100

CONTROL, FILTER = "control_after_generate", "control_filter_list"
#: Buttons and previews that core extensions of the frontend put behind an input of a class.
_INJECTED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Load3D", "model_file"): ("upload 3d model", "upload extra resources", "clear"),
    ("Load3DAnimation", "model_file"): ("upload 3d model", "clear"),
    ("SaveGLB", "filename_prefix"): ("image",),
    ("Preview3D", "model_file"): ("image",),
}

_PLACE = parse_input("index", ["INT", {"min": 0}], required=False)
_CHOICE = parse_input("option", ["STRING", {}], required=False)

#: (name, index) → the value that the file keeps there; ``MISSING`` for none.
Lookup = Callable[[str, int], Any]


@dataclass(frozen=True, slots=True)
class Widget:
    """One value of a node.

    Attributes:
        name: as the API has it; of the frontend's own values, as ``widgets_values_named`` has it.
        spec: what the server declares; None for the frontend's own.
        sent: whether it goes into the prompt.
        steers: whether it decides which values follow.
    """

    name: str
    spec: InputSpec | None = None
    sent: bool = True
    steers: bool = False


Table = tuple[Widget, ...]


def slot_table(of: NodeClass, lookup: Lookup, sockets: Iterable[str] = ()) -> Table:
    """The slot table of one node; the same for all nodes of a class that is not dynamic.

    Args:
        of: its class.
        lookup: what the node keeps: it decides which inputs a dynamic class has.
        sockets: names of the node's linked inputs; an input that grows has a value for each.
    """
    return tuple(_Walk(of, lookup, tuple(sockets)).build())


@dataclass
class _Walk:
    """One walk over a class's inputs."""

    of: NodeClass
    lookup: Lookup
    sockets: tuple[str, ...]
    rows: list[Widget] = field(default_factory=list)

    def build(self) -> list[Widget]:
        required = [spec for spec in self.of.inputs if spec.required]
        optional = [spec for spec in self.of.inputs if not spec.required]
        upload = [Widget("upload", sent=False)] * self.of.has_upload
        self._add_all(required)
        if not self.of.ordered:
            self.rows += upload
        self._add_all(optional)
        if self.of.ordered:
            self.rows += upload
        return _numbered(self.rows)

    def _add_all(self, specs: Iterable[InputSpec]) -> None:
        for spec in specs:
            self._add(spec)

    def _add(self, spec: InputSpec) -> None:
        if spec.type == AUTOGROW:
            self._add_all(self._grown(spec))
        elif not is_widget(spec):
            return
        elif spec.type == DYNAMIC_COMBO:
            self._add_all(self._chosen(spec))
        elif spec.type == DYNAMIC_GROUP:
            self._add_all(self._repeated(spec))
        else:
            self.rows.append(Widget(spec.name, spec))
            self.rows += [Widget(name, sent=False) for name in _companions(self.of.name, spec)]
            if self.of.name == OWN_CHOICES and not self.of.knows("index"):
                self.rows += self._own_choices()

    def _own_choices(self) -> list[Widget]:
        """The place of the choice, and all that its author wrote: the server declares neither and takes both."""
        rows = [Widget("index", _PLACE)]
        while len(rows) <= _MAX_ROWS:
            name = f"option{len(rows)}"
            if self.lookup(name, len(self.rows) + len(rows)) is MISSING:
                break
            rows.append(Widget(name, replace(_CHOICE, name=name)))
        return rows

    def _chosen(self, spec: InputSpec) -> list[InputSpec]:
        options = [option for option in listing(spec.settings.get("options")) if isinstance(option, Mapping)]
        keys = tuple(option.get("key") for option in options)
        selector = replace(spec, options=keys)
        stored = self.lookup(spec.name, len(self.rows))
        self.rows.append(Widget(spec.name, selector, steers=True))
        value = default_of(selector) if stored is MISSING or stored is None else stored
        chosen = next((option for option in options if option.get("key") == value), None)
        return inputs_in_order(mapping(chosen).get("inputs"), f"{spec.name}.")

    def _repeated(self, spec: InputSpec) -> list[InputSpec]:
        stored = self.lookup(spec.name, len(self.rows))
        self.rows.append(Widget(spec.name, spec, sent=False, steers=True))
        count = _count(stored, _count(spec.settings.get("min"), 0))
        template = spec.settings.get("template")
        return [field for row in range(count) for field in inputs_in_order(template, f"{spec.name}.{row}.")]

    def _grown(self, spec: InputSpec) -> list[InputSpec]:
        template = mapping(spec.settings.get("template"))
        fields = inputs_in_order(template.get("input"), "")
        if not any(is_widget(field) for field in fields):
            return []
        names = [name for name in listing(template.get("names")) if isinstance(name, str)]
        most = len(names) or _count(template.get("max"), _MAX_ROWS)
        least = _count(template.get("min"), 0) + 1
        several = len(fields) > 1

        def name(field: InputSpec, index: int) -> str:
            prefix = field.name if several else template.get("prefix") or field.name
            return f"{spec.name}.{names[index] if names else f'{prefix}{index}'}"

        linked = [index for index in range(most) for field in fields if name(field, index) in self.sockets]
        count = min(most, max(least, max(linked, default=-1) + 2))
        return [replace(field, name=name(field, index)) for index in range(count) for field in fields]


def _companions(class_name: str, spec: InputSpec) -> Iterable[str]:
    """The frontend's own values behind an input."""
    flag = spec.settings.get(CONTROL)
    if has_control(spec):
        yield CONTROL
    elif spec.type == "COMBO":
        yield from (CONTROL, FILTER) if flag else ()
        yield from ("auto_refresh", "refresh") if mapping(spec.settings.get("remote")).get("refresh_button") else ()
    elif spec.type == "BOUNDING_BOX":
        yield from ("x", "y", "width", "height")
    yield from _INJECTED.get((class_name, spec.name), ())


def has_control(spec: InputSpec) -> bool:
    """Whether what happens after a run stands behind a number: for seeds by name alone, unless the server says no."""
    flag = spec.settings.get(CONTROL)
    if spec.type == "INT" and flag is None:
        return spec.name in ("seed", "noise_seed")
    return spec.type in ("INT", "FLOAT") and bool(flag)


def _numbered(rows: list[Widget]) -> list[Widget]:
    """The frontend tells values with one name apart by ``#1``, ``#2``."""
    seen: dict[str, int] = {}
    numbered = []
    for row in rows:
        number = seen.get(row.name, 0)
        seen[row.name] = number + 1
        numbered.append(replace(row, name=f"{row.name}#{number}") if number and not row.sent else row)
    return numbered


def _count(value: Any, otherwise: int) -> int:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return max(0, min(_MAX_ROWS, int(min(value, _MAX_ROWS)))) if whole else otherwise
