// A mask painted over a picture: opaque where it is painted. Kept as strokes, so that each can be taken back.

// Longest side of the mask, in its own pixels: finer than any brush. Easel brings it to the picture's size.
const FINEST = 2048;
// Only for the eye: what counts is how opaque it is.
const [RED, GREEN, BLUE] = [255, 92, 46];

class Paint {
  constructor(words, changed) {
    this.changed = changed;
    this.canvas = make("canvas", {
      class: "paint",
      tabindex: 0,
      role: "img",
      "aria-label": words.paint_keys,
      onkeydown: (event) => this.key(event),
    });
    this.ring = make("span", { class: "ring", hidden: true });
    this.size = 8; // percent of the picture's longest side
    this.erasing = false;
    for (const [name, act] of [
      ["pointerdown", this.down],
      ["pointermove", this.hover],
      ["pointerleave", () => (this.ring.hidden = true)],
      ["blur", () => (this.ring.hidden = true)],
      ["focus", () => this.canvas.matches(":focus-visible") && this.point(this.at)],
    ])
      this.canvas.addEventListener(name, act.bind(this));
  }

  // before: the picture with its alpha channel, whose transparent part is painted already; or nothing.
  start(width, height, before) {
    const scale = Math.min(1, FINEST / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.pen = this.canvas.getContext("2d");
    this.strokes = [];
    this.at = [0.5, 0.5];
    this.before = before && this.alphaOf(before);
    this.redraw();
  }

  alphaOf(image) {
    const { width, height } = this.canvas;
    const copy = make("canvas", { width, height });
    const pen = copy.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0, width, height);
    const pixels = pen.getImageData(0, 0, width, height);
    let painted = false;
    for (let i = 3; i < pixels.data.length; i += 4) {
      pixels.data[i] = 255 - pixels.data[i];
      [pixels.data[i - 3], pixels.data[i - 2], pixels.data[i - 1]] = [RED, GREEN, BLUE];
      painted ||= pixels.data[i] > 0;
    }
    if (!painted) return null;
    pen.putImageData(pixels, 0, 0);
    return copy;
  }

  get touched() {
    return this.strokes.length > 0;
  }

  redraw() {
    this.pen.globalCompositeOperation = "source-over";
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.before) this.pen.drawImage(this.before, 0, 0);
    this.strokes.forEach((stroke) => this.draw(stroke, 0));
    this.changed();
  }

  // A stroke from its point `first` on. Points are shares of width and height.
  draw({ size, erase, clear, points }, first) {
    const { width, height } = this.canvas;
    if (clear) return this.pen.clearRect(0, 0, width, height);
    this.pen.globalCompositeOperation = erase ? "destination-out" : "source-over";
    this.pen.lineCap = this.pen.lineJoin = "round";
    this.pen.lineWidth = this.diameter(size);
    this.pen.strokeStyle = this.pen.fillStyle = `rgb(${RED} ${GREEN} ${BLUE})`;
    this.pen.beginPath();
    if (points.length === 1) {
      // A line without length is not drawn.
      this.pen.arc(points[0][0] * width, points[0][1] * height, this.pen.lineWidth / 2, 0, 2 * Math.PI);
      return this.pen.fill();
    }
    for (const [x, y] of points.slice(Math.max(0, first - 1))) this.pen.lineTo(x * width, y * height);
    this.pen.stroke();
  }

  diameter(size) {
    return Math.max(1, (size / 100) * Math.max(this.canvas.width, this.canvas.height));
  }

  begin(point) {
    this.strokes.push({ size: this.size, erase: this.erasing, points: [point] });
    this.draw(this.strokes.at(-1), 0);
    this.changed();
  }

  undo() {
    this.strokes.pop();
    this.redraw();
  }

  clear() {
    this.strokes.push({ clear: true });
    this.redraw();
  }

  // --- pointer and keys ---

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  point(point) {
    this.at = point;
    const { width, height } = this.canvas;
    const across = (100 * this.diameter(this.size)) / width;
    Object.assign(this.ring.style, {
      left: `${100 * point[0]}%`,
      top: `${100 * point[1]}%`,
      width: `${across}%`,
      height: `${(across * width) / height}%`,
    });
    this.ring.hidden = false;
  }

  hover(event) {
    this.point(this.place(event));
  }

  down(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.begin(this.place(event));
    const stroke = this.strokes.at(-1);
    const onMove = (moved) => {
      if (moved.pointerId !== event.pointerId) return;
      const first = stroke.points.length;
      const all = moved.getCoalescedEvents?.() ?? [];
      stroke.points.push(...(all.length ? all : [moved]).map((one) => this.place(one)));
      this.draw(stroke, first);
    };
    const onUp = () => {
      this.canvas.removeEventListener("pointermove", onMove);
      for (const name of ["pointerup", "pointercancel"]) this.canvas.removeEventListener(name, onUp);
    };
    this.canvas.addEventListener("pointermove", onMove);
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, onUp);
  }

  // Arrow keys move the brush by half its size, Space puts it down.
  key(event) {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (event.key === " ") {
      event.preventDefault();
      this.begin(this.at);
    } else if (right || down) {
      event.preventDefault();
      const step = this.diameter(this.size) / 2;
      this.point([
        clamp(this.at[0] + (right * step) / this.canvas.width, 0, 1),
        clamp(this.at[1] + (down * step) / this.canvas.height, 0, 1),
      ]);
    }
  }

  blob() {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }
}
