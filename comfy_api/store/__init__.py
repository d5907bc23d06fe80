"""Jobs that outlive the process: their record, their results, their line. SQLite, or Postgres by URL."""

from __future__ import annotations

from comfy_api.store.attempts import AttemptRecord
from comfy_api.store.bin import Old, Target
from comfy_api.store.events import JobEvent, What
from comfy_api.store.filters import Cursor, Filter
from comfy_api.store.jobs import JobPage, NewJob, Record
from comfy_api.store.lock import TAKEN
from comfy_api.store.queue import Claim, JobQueue
from comfy_api.store.results import Kept, ResultPage
from comfy_api.store.rows import LIVE
from comfy_api.store.store import Store
from comfy_api.store.timings import WHOLE, NodeTime

__all__ = [
    "LIVE",
    "TAKEN",
    "WHOLE",
    "AttemptRecord",
    "Claim",
    "Cursor",
    "Filter",
    "JobEvent",
    "JobPage",
    "JobQueue",
    "Kept",
    "NewJob",
    "NodeTime",
    "Old",
    "Record",
    "ResultPage",
    "Store",
    "Target",
    "What",
]
