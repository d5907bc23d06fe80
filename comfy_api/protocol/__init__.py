"""One ComfyUI: its routes, its messages, and the following of one prompt from submission to pictures."""
