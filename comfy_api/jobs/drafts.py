"""What makers have in their forms, for a page that is loaded again or comes back to a workflow. In memory, bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

#: Makers that are remembered, and workflows of each; the longest unused go first.
MAX_OWNERS: Final = 1000
MAX_EACH: Final = 20

Raw = Mapping[str, Any]


class Drafts:
    """The newest form of each maker and workflow. Thread-safe."""

    def __init__(self, max_owners: int = MAX_OWNERS, max_each: int = MAX_EACH) -> None:
        self._max_owners, self._max_each = max_owners, max_each
        self._lock = threading.Lock()  # guards the forms
        self._forms: OrderedDict[str, OrderedDict[str, Raw]] = OrderedDict()

    def put(self, owner: str, workflow: str, raw: Raw) -> None:
        """Remember a form as it stands."""
        with self._lock:
            forms = self._forms.setdefault(owner, OrderedDict())
            forms[workflow] = raw
            forms.move_to_end(workflow)
            self._forms.move_to_end(owner)
            while len(forms) > self._max_each:
                forms.popitem(last=False)
            while len(self._forms) > self._max_owners:
                self._forms.popitem(last=False)

    def get(self, owner: str, workflow: str | None = None) -> Raw | None:
        """The form of this workflow, or without one the newest form; None where none is remembered."""
        with self._lock:
            forms = self._forms.get(owner)
            if not forms:
                return None
            return forms.get(workflow) if workflow else next(reversed(forms.values()))
