"""Generate: say what to make, watch it, keep what is good."""

from __future__ import annotations

from pages.components import bench

bench.show()
