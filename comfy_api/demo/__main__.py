"""``python -m comfy_api.demo``: the demo engine from the shell."""

from __future__ import annotations

import click

from comfy_api.demo.engine import VERSIONS, EngineSettings
from comfy_api.demo.serve import serve


@click.command()
@click.option("--port", default=8188, show_default=True, help="Port on 127.0.0.1; 0 takes any free one.")
@click.option(
    "--api", type=click.Choice(list(VERSIONS)), default="0.3.64", show_default=True, help="ComfyUI version to speak as."
)
@click.option(
    "--step-seconds",
    type=click.FloatRange(min=0),
    default=0.12,
    show_default=True,
    help="Least time of a sampler step.",
)
@click.option(
    "--preview-method",
    type=click.Choice(["latent2rgb", "none"]),
    default="latent2rgb",
    show_default=True,
    help="Whether samplers send live previews.",
)
@click.option("--until-eof", is_flag=True, help="End when standard input ends.")
def demo(port: int, api: str, step_seconds: float, preview_method: str, until_eof: bool) -> None:
    """Run ComfyUI's protocol on loopback with painted pictures; no model is behind it."""
    try:
        serve(port, EngineSettings(api, step_seconds, preview_method != "none"), until_eof=until_eof)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used ({error.strerror}). Choose another with --port."
        ) from error


if __name__ == "__main__":
    demo(prog_name="python -m comfy_api.demo")
