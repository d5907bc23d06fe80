"""Previews that carry their number: sixteen black or white squares on top, readable in a browser after JPEG."""

from __future__ import annotations

import cv2
import numpy as np

#: How many different numbers there are.
COUNT = 256
SIZE = 512
_SQUARE = SIZE // 16


def numbered(count: int = COUNT) -> list[bytes]:
    """``count`` JPEGs of 512², about 35 kB each; the number's eight bits come first, then their complement."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    made = []
    for number in range(count):
        bits = [(number >> place) & 1 for place in range(8)]
        row = np.array([*bits, *(1 - bit for bit in bits)], dtype=np.uint8) * 255
        picture = np.roll(picture, 3, axis=1)
        picture[:_SQUARE] = np.repeat(row, _SQUARE)[None, :, None]
        made.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes())
    return made


#: Notes the moment at which each number is first seen on the page, once an animation frame.
#: ``SELECTOR`` finds the canvas or picture, in shadow roots too.
PROBE = """
(selector) => {
  const eye = document.createElement("canvas");
  eye.width = 16; eye.height = 1;
  const pen = eye.getContext("2d", { willReadFrequently: true });
  const find = (root) => {
    const found = [...root.querySelectorAll(selector)].find((e) => (e.naturalWidth ?? e.width) > 100);
    if (found) return found;
    for (const element of root.querySelectorAll("*")) {
      const inner = element.shadowRoot && find(element.shadowRoot);
      if (inner) return inner;
    }
  };
  window.seen = [];
  let last = -1, target, looked = 0;
  // A message that an animation frame posts is handled after all its callbacks: what they drew is there.
  const { port1: after, port2: frame } = new MessageChannel();
  const tick = () => { requestAnimationFrame(tick); frame.postMessage(0); };
  const look = () => {
    const now = performance.now();
    if (!target?.isConnected && now - looked > 200) { looked = now; target = find(document); }
    if (!target) return;
    const width = target.naturalWidth ?? target.width;
    if (!width) return;
    pen.drawImage(target, 0, 0, width, width / 16, 0, 0, 16, 1);
    const pixels = pen.getImageData(0, 0, 16, 1).data;
    let number = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const here = pixels[4 * bit] > 127, there = pixels[4 * (bit + 8)] > 127;
      if (here === there) return;
      number += here << bit;
    }
    if (number !== last) {
      last = number;
      window.seen.push([number, performance.timeOrigin + performance.now()]);
    }
  };
  after.onmessage = look;
  requestAnimationFrame(tick);
}
"""
