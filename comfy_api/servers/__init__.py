"""Which ComfyUI is used, and how it is."""
