"""What an installation allows. Browsers check it too, but theirs is a courtesy. Pure."""

from __future__ import annotations

from comfy_api.errors import Refused
from comfy_api.protocol.images import BadPicture, TooManyPixels, measure, sniff
from comfy_api.settings import Settings
from comfy_api.workflow import Values


def check_values(values: Values, settings: Settings) -> None:
    """Raises Refused, naming the limit and the control."""
    for text, control in ((values.prompt, "prompt"), (values.negative, "negative")):
        if text is not None and len(text) > settings.max_prompt_length:
            raise Refused(f"This text is longer than {settings.max_prompt_length:,} characters. Shorten it.", control)
    if values.images is not None and not 1 <= values.images <= settings.max_images:
        raise Refused(f"Choose 1 to {settings.max_images} images.", "images")
    if values.steps is not None and not 1 <= values.steps <= settings.max_steps:
        raise Refused(f"Choose 1 to {settings.max_steps} steps.", "steps")
    if values.width is not None and values.height is not None and values.width * values.height > settings.max_pixels:
        side = int(settings.max_pixels**0.5)
        raise Refused(f"This picture is too large here. Choose at most {side} × {side}.", "size")


def check_upload(data: bytes, settings: Settings) -> tuple[int, int, str]:
    """Width, height and MIME type of a picture. Raises Refused."""
    if len(data) > settings.max_upload_bytes:
        raise Refused(
            f"This picture is larger than {settings.max_upload_bytes // 2**20} MB. Choose a smaller one.", "image"
        )
    try:
        width, height = measure(data)
    except TooManyPixels:
        raise Refused("This picture has too many pixels. Choose a smaller one.", "image") from None
    except BadPicture:
        raise Refused("This is no picture that can be read. Choose a PNG, JPEG or WebP.", "image") from None
    return width, height, sniff(data)
