"""A play: what the fake server does with one prompt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfy_api.testing.stage import Stage


@dataclass(frozen=True)
class Step:
    """One thing that a play does.

    Attributes:
        name: how :meth:`Play.usual` refers to it, such as ``executing 9``.
        run: what it does; a test may bring its own.
    """

    name: str
    run: Callable[[Stage], Awaitable[None]] = field(repr=False, compare=False)

    def named(self, name: str) -> Step:
        """The same step under another name."""
        return replace(self, name=name)


Insertions = Mapping[str, "Step | Sequence[Step]"]


class Play:
    """Steps in order, for one prompt.

    Args:
        steps: what happens. Without ``end()`` the prompt leaves the queue without a word.
        ahead: as many prompts of somebody else stand before this one, until ``release()``.
        node_errors: what the answer of POST /prompt says besides its 200 (protocol.md §0.9).
        interruptible: False plays a node that does not look at the interrupt flag.
    """

    def __init__(
        self,
        *steps: Step,
        ahead: int = 0,
        node_errors: Mapping[str, Any] | None = None,
        interruptible: bool = True,
    ) -> None:
        self.steps, self.ahead = steps, ahead
        self.node_errors, self.interruptible = dict(node_errors or {}), interruptible

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(step.name for step in self.steps)})"

    @staticmethod
    def usual(
        *,
        before: Insertions | None = None,
        after: Insertions | None = None,
        without: Iterable[str] = (),
        **options: Any,
    ) -> Play:
        """The run that a real server would make of the posted graph, with changes.

        Names of its steps: ``start``, ``cached``, ``executing 3``, ``progress 3 1`` (each sampler step, with
        its preview), ``result 9 0`` (each picture), ``executed 9``, ``finished 9``, ``success``, ``end``.

        Args:
            before, after: step name → what to do before or after it. A name that never comes is an error.
            without: names of steps to leave out.
            options: ``ahead``, ``node_errors``, ``interruptible`` as in :class:`Play`.
        """
        return _Usual(before or {}, after or {}, without, **options)

    @staticmethod
    def stream(
        rate: float = 30.0,
        seconds: float | None = None,
        jpeg: bytes | Callable[[int], bytes] | None = None,
        **options: Any,
    ) -> Play:
        """A sampler that sends progress and preview ``rate`` times a second, for benchmarks.

        Args:
            rate: events a second.
            seconds: how long; None goes on until interrupted.
            jpeg: the preview, or a function of its index (0, 1, …) that makes one.
        """
        from comfy_api.testing import steps

        moving = steps.stream(rate, seconds, jpeg)
        return Play(steps.start(), steps.cached(), moving, steps.success(), steps.end(), **options)

    @property
    def answers_itself(self) -> bool:
        """Whether a step of it lets POST /prompt be answered."""
        return any(step.name == "answer" for step in self.steps)

    def steps_for(self, usual: Callable[[], list[Step]]) -> list[Step]:
        """The steps to play; ``usual`` works out what a real server would do."""
        return list(self.steps)


class _Usual(Play):
    def __init__(self, before: Insertions, after: Insertions, without: Iterable[str], **options: Any) -> None:
        self._before = {name: _several(steps) for name, steps in before.items()}
        self._after = {name: _several(steps) for name, steps in after.items()}
        self._without = frozenset(without)
        inserted = [*self._before.values(), *self._after.values()]
        super().__init__(*(step for steps in inserted for step in steps), **options)

    def steps_for(self, usual: Callable[[], list[Step]]) -> list[Step]:
        planned = usual()
        unknown = {*self._before, *self._after, *self._without} - {step.name for step in planned}
        if unknown:
            names = ", ".join(step.name for step in planned)
            raise LookupError(f"this run has no step {sorted(unknown)}; it has: {names}")
        played: list[Step] = []
        for step in planned:
            played += self._before.get(step.name, ())
            if step.name not in self._without:
                played.append(step)
            played += self._after.get(step.name, ())
        return played


def _several(steps: Step | Sequence[Step]) -> tuple[Step, ...]:
    return (steps,) if isinstance(steps, Step) else tuple(steps)
