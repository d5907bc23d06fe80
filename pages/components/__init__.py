"""Parts that pages are made of. ``words.py`` has every word they show."""
