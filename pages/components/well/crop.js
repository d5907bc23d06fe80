// The part of a picture that stays: a box in the picture's own pixels, moved and resized by hand or by arrow keys.

const LEAST = 16;
const SIDES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

class CropBox {
  constructor(words, changed) {
    this.changed = changed;
    this.root = make(
      "div",
      { class: "crop", tabindex: 0, role: "group", "aria-label": words.crop_keys, onkeydown: (event) => this.key(event) },
      ...SIDES.map((side) => make("span", { class: `grip ${side}`, "data-side": side })),
    );
    this.root.addEventListener("pointerdown", (event) => this.down(event));
  }

  // The whole picture of this size, in any shape.
  start(width, height) {
    this.width = width;
    this.height = height;
    this.ratio = 0;
    this.whole();
  }

  whole() {
    this.set({ x: 0, y: 0, w: this.width, h: this.height });
  }

  get isWhole() {
    const { w, h } = this.rounded();
    return w === this.width && h === this.height;
  }

  rounded() {
    const { x, y, w, h } = this.rect;
    const [left, top] = [Math.round(x), Math.round(y)];
    return { x: left, y: top, w: Math.min(Math.round(w), this.width - left), h: Math.min(Math.round(h), this.height - top) };
  }

  // The largest box of this shape around the middle of the present one; 0: any shape, as it is.
  shape(ratio) {
    this.ratio = ratio;
    if (!ratio) return this.set(this.rect);
    const w = Math.min(this.width, this.height * ratio);
    const h = w / ratio;
    const { x, y, w: oldW, h: oldH } = this.rect;
    this.set({ x: clamp(x + (oldW - w) / 2, 0, this.width - w), y: clamp(y + (oldH - h) / 2, 0, this.height - h), w, h });
  }

  set(rect) {
    this.rect = rect;
    const percent = (part, all) => `${(100 * part) / all}%`;
    Object.assign(this.root.style, {
      left: percent(rect.x, this.width),
      top: percent(rect.y, this.height),
      width: percent(rect.w, this.width),
      height: percent(rect.h, this.height),
    });
    this.root.classList.toggle("shaped", this.ratio > 0);
    this.changed();
  }

  move(from, dx, dy) {
    this.set({ ...from, x: clamp(from.x + dx, 0, this.width - from.w), y: clamp(from.y + dy, 0, this.height - from.h) });
  }

  resize(from, side, dx, dy) {
    if (this.ratio) return this.resizeShaped(from, side, dx, dy);
    let [left, top, right, bottom] = [from.x, from.y, from.x + from.w, from.y + from.h];
    if (side.includes("w")) left = clamp(left + dx, 0, right - LEAST);
    if (side.includes("e")) right = clamp(right + dx, left + LEAST, this.width);
    if (side.includes("n")) top = clamp(top + dy, 0, bottom - LEAST);
    if (side.includes("s")) bottom = clamp(bottom + dy, top + LEAST, this.height);
    this.set({ x: left, y: top, w: right - left, h: bottom - top });
  }

  // The corner opposite stays where it is.
  resizeShaped(from, side, dx, dy) {
    const [east, south] = [side.includes("e"), side.includes("s")];
    const anchorX = east ? from.x : from.x + from.w;
    const anchorY = south ? from.y : from.y + from.h;
    const most = Math.min(east ? this.width - anchorX : anchorX, (south ? this.height - anchorY : anchorY) * this.ratio);
    const wanted = Math.max(from.w + (east ? dx : -dx), (from.h + (south ? dy : -dy)) * this.ratio);
    const w = clamp(wanted, Math.min(most, LEAST * Math.max(1, this.ratio)), most);
    const h = w / this.ratio;
    this.set({ x: east ? anchorX : anchorX - w, y: south ? anchorY : anchorY - h, w, h });
  }

  down(event) {
    if (event.button) return;
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    const side = event.target.dataset.side;
    const [from, scale] = [this.rect, this.width / this.root.parentElement.clientWidth];
    this.root.setPointerCapture(event.pointerId);
    const onMove = (moved) => {
      const [dx, dy] = [(moved.clientX - event.clientX) * scale, (moved.clientY - event.clientY) * scale];
      if (side) this.resize(from, side, dx, dy);
      else this.move(from, dx, dy);
    };
    const onUp = () => {
      this.root.removeEventListener("pointermove", onMove);
      this.root.removeEventListener("pointerup", onUp);
      this.root.removeEventListener("pointercancel", onUp);
    };
    this.root.addEventListener("pointermove", onMove);
    this.root.addEventListener("pointerup", onUp);
    this.root.addEventListener("pointercancel", onUp);
  }

  // Arrow keys move it; with Shift they move its lower right corner.
  key(event) {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!right && !down) return;
    event.preventDefault();
    const step = Math.max(1, Math.round(Math.max(this.width, this.height) / 64));
    if (event.shiftKey) this.resize(this.rect, "se", right * step, down * step);
    else this.move(this.rect, right * step, down * step);
  }
}
