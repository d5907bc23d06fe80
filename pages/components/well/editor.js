// Crop and mask, in a dialog over everything. The picture itself stays with Easel: what goes there is a box and a mask.

const SHAPES = [
  ["free", 0],
  ["1 : 1", 1],
  ["4 : 3", 4 / 3],
  ["3 : 4", 3 / 4],
  ["16 : 9", 16 / 9],
  ["9 : 16", 9 / 16],
];

const press = (label, hint, click) =>
  make("button", { type: "button", class: "act", "aria-pressed": "false", title: hint, onclick: click }, label);
const mark = (button, on) => button.setAttribute("aria-pressed", String(on));

class Editor {
  // done(edit): edit is {crop, mask} with what was changed; the dialog closes.
  constructor(words, done) {
    this.words = words;
    this.done = done;
    this.crop = new CropBox(words, () => this.said());
    this.paint = new Paint(words, () => this.said());
    this.image = make("img", { alt: "", draggable: "false" });
    this.paper = make("div", { class: "paper" }, this.image, this.paint.canvas, this.paint.ring, this.crop.root);
    this.table = make("div", { class: "table" }, this.paper);
    this.size = make("span", { class: "size", role: "status" });
    this.tabs = {
      crop: press(words.crop, words.crop_hint, () => this.turn("crop")),
      paint: press(words.paint, words.paint_hint, () => this.turn("paint")),
    };
    this.ready = make("button", { type: "button", class: "act main", onclick: () => this.finish() }, words.done);
    this.root = sheet(
      "editor",
      words.edit,
      () => this.fitting.disconnect(),
      make("div", { class: "top" }, make("div", { class: "tabs", role: "group", "aria-label": words.edit }, ...Object.values(this.tabs)), this.size),
      this.table,
      make("div", { class: "tools" }, this.cropTools(), this.paintTools()),
      make(
        "div",
        { class: "foot" },
        make("button", { type: "button", class: "act", onclick: () => this.root.close() }, words.cancel),
        this.ready,
      ),
    );
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.fitting = new ResizeObserver(() => this.fit());
  }

  cropTools() {
    const { words } = this;
    this.shapes = SHAPES.map(([name, ratio]) => press(words.shapes?.[name] ?? name, "", () => this.shape(ratio)));
    return (this.cropBar = make("div", { class: "row", role: "group", "aria-label": words.crop }, ...this.shapes));
  }

  paintTools() {
    const { words, paint } = this;
    const use = (erasing) => () => {
      paint.erasing = erasing;
      mark(this.brush, !erasing);
      mark(this.eraser, erasing);
    };
    this.brush = press(words.brush, words.brush_hint, use(false));
    this.eraser = press(words.eraser, words.eraser_hint, use(true));
    const bare = (name, label, click) =>
      make("button", { type: "button", class: "act bare", "aria-label": label, title: label, onclick: click }, icon(name));
    this.undo = bare("undo", words.undo, () => paint.undo());
    this.clear = bare("remove", words.clear, () => paint.clear());
    this.slider = make("input", {
      type: "range", min: 1, max: 40, value: paint.size, "aria-label": words.brush_size, title: words.brush_size,
      oninput: () => {
        paint.size = Number(this.slider.value);
        paint.point(paint.at);
      },
    });
    mark(this.brush, true);
    return (this.paintBar = make(
      "div",
      { class: "row", role: "group", "aria-label": words.paint },
      this.brush, this.eraser, this.slider, this.undo, this.clear,
    ));
  }

  // picture: {width, height, plain, whole}: addresses of the picture without and with its alpha channel.
  async open(picture, paints) {
    this.tabs.paint.hidden = !paints;
    this.tabs.crop.hidden = !paints;
    this.ready.disabled = true;
    this.image.src = picture.plain;
    this.root.showModal();
    const whole = paints && picture.whole ? make("img", { src: picture.whole }) : null;
    try {
      await Promise.all([this.image.decode(), whole?.decode()]);
    } catch {
      // Without its pixels there is still its box.
    }
    if (!this.root.open) return;
    this.width = picture.width;
    this.height = picture.height;
    this.crop.start(picture.width, picture.height);
    this.paint.start(picture.width, picture.height, whole?.naturalWidth ? whole : null);
    this.shape(0);
    this.fitting.observe(this.table);
    this.fit();
    this.ready.disabled = false;
    this.turn(paints ? "paint" : "crop");
  }

  // As large as the table allows.
  fit() {
    if (!this.width) return;
    const style = getComputedStyle(this.table);
    const room = (side) => parseFloat(style[`padding${side}`]);
    const wide = this.table.clientWidth - room("Left") - room("Right");
    const high = this.table.clientHeight - room("Top") - room("Bottom");
    const scale = Math.min(wide / this.width, high / this.height);
    this.paper.style.width = `${Math.max(1, this.width * scale)}px`;
    this.paper.style.height = `${Math.max(1, this.height * scale)}px`;
  }

  turn(mode) {
    this.mode = mode;
    this.root.dataset.mode = mode;
    for (const [name, tab] of Object.entries(this.tabs)) mark(tab, name === mode);
    this.cropBar.hidden = mode !== "crop";
    this.paintBar.hidden = mode !== "paint";
    this.crop.root.tabIndex = mode === "crop" ? 0 : -1;
    this.paint.canvas.tabIndex = mode === "paint" ? 0 : -1;
    (mode === "crop" ? this.crop.root : this.paint.canvas).focus({ preventScroll: true });
  }

  shape(ratio) {
    this.crop.shape(ratio);
    this.shapes.forEach((button, at) => mark(button, SHAPES[at][1] === ratio));
  }

  said() {
    if (!this.crop.rect || !this.paint.strokes) return;
    const { w, h } = this.crop.rounded();
    write(this.size, `${w} × ${h}`);
    this.undo.disabled = !this.paint.touched;
  }

  key(event) {
    if (this.mode !== "paint" || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (this.paint.touched) this.paint.undo();
  }

  async finish() {
    const { x, y, w, h } = this.crop.rounded();
    const crop = this.crop.isWhole ? "" : [x, y, w, h].join();
    const mask = this.paint.touched ? await this.paint.blob() : null;
    this.root.close();
    if (crop || mask) this.done({ crop, mask });
  }
}
