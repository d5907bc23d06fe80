"""``python -m comfy_api``: see ``comfy_api/cli``."""

from __future__ import annotations

from comfy_api.cli import main

if __name__ == "__main__":
    main()
