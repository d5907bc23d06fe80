"""The overall share: it never falls, is not full before the end, and samplers count most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comfy_api.protocol.progress import Meter, samples, weigh

CLASSES = {"4": "CheckpointLoaderSimple", "3": "KSampler", "8": "VAEDecode", "9": "PreviewImage"}

NODES = st.sampled_from(["3", "4", "8", "9", "12:7", "5.0.0.2", ""])
NUMBERS = st.integers(-5, 50) | st.floats(allow_nan=False, allow_infinity=False, width=32)
MOVES = st.one_of(
    st.tuples(st.just("cached"), st.lists(NODES)),
    st.tuples(st.just("done"), st.lists(NODES)),
    st.tuples(st.just("begin"), NODES),
    st.tuples(st.just("step"), NODES, NUMBERS, NUMBERS),
)


@given(st.lists(MOVES, max_size=40))
def test_it_never_falls_and_is_full_at_the_end_only(moves: list[tuple]) -> None:
    meter, shown = Meter(CLASSES), 0.0
    for name, *values in moves:
        getattr(meter, name)(*values)
        assert shown <= meter.overall < 1.0
        shown = meter.overall
    meter.finish()
    assert meter.overall == 1.0


def test_a_sampler_counts_more_than_a_loader() -> None:
    assert weigh("KSampler") > 5 * weigh("CheckpointLoaderSimple")
    assert samples("KSamplerAdvanced")
    assert samples("SamplerCustomAdvanced")
    assert not samples("KSamplerSelect")
    assert not samples("VAEDecode")


def test_steps_within_a_node_count() -> None:
    meter = Meter(CLASSES)
    meter.begin("3")
    shares = []
    for step in range(1, 5):
        meter.step("3", step, 4)
        shares.append(meter.overall)
    assert shares == sorted(set(shares))
    assert shares[-1] > 0.5


def test_the_next_node_finishes_the_one_before() -> None:
    meter = Meter(CLASSES)
    meter.begin("3")
    before = meter.overall
    meter.begin("8")
    assert meter.overall > before + 0.5


def test_nodes_from_the_cache_leave_the_whole() -> None:
    fresh, cached = Meter(CLASSES), Meter(CLASSES)
    cached.cached(["3"])
    for meter in (fresh, cached):
        meter.begin("4")
        meter.begin("8")
    assert cached.overall > 2 * fresh.overall


def test_an_empty_graph_divides_by_nothing() -> None:
    assert Meter({}).overall == 0.0
