"""Publish: drop a workflow, choose what makers may change, give it to them."""

from __future__ import annotations

from pages.components.publish import page

page.show()
