// The picture on the stage, in its final shape from the start: previews on a canvas, results above it.

class Print {
  constructor(words, open) {
    this.canvas = make("canvas", { role: "img", "aria-label": words.preview });
    this.result = make("img", { alt: "", hidden: true, decoding: "async" });
    this.root = make("div", { class: "print", hidden: true }, this.canvas, this.result);
    this.result.addEventListener("load", () => this.root.classList.add("shown"));
    this.result.addEventListener("click", () => this.picture && open(this.picture.id));
    this.shape(1, 1);
  }

  clear() {
    this.root.classList.remove("shown", "previewing");
    this.result.hidden = true;
    this.result.removeAttribute("src");
    this.picture = undefined;
    this.over = false;
  }

  // Whether there is anything of the picture to see.
  get begun() {
    return this.root.classList.contains("previewing");
  }

  shape(width, height) {
    if (width > 0 && height > 0) this.root.style.setProperty("--ratio", String(width / height));
  }

  // A preview: decoded off the page's thread, drawn with the next painting, then acknowledged.
  async frame(blob, drawn) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob);
    } catch {
      return drawn();
    }
    requestAnimationFrame(() => {
      if (!this.over) this.draw(bitmap);
      bitmap.close();
      drawn();
    });
  }

  draw(bitmap) {
    if (this.canvas.width !== bitmap.width || this.canvas.height !== bitmap.height) {
      this.canvas.width = bitmap.width;
      this.canvas.height = bitmap.height;
    }
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.root.classList.add("previewing");
    this.root.classList.remove("shown");
  }

  // The first result of the last stage that has any.
  show(state) {
    this.over = state.over;
    const last = state.results.at(-1);
    const picture = last && state.results.find((result) => result.node_id === last.node_id);
    if (!picture) return;
    if (this.picture?.id === picture.id) {
      if (state.over && this.result.complete) this.root.classList.add("shown");
      return;
    }
    this.picture = picture;
    if (state.over) this.shape(picture.width, picture.height);
    this.root.classList.remove("shown");
    this.result.hidden = false;
    this.result.src = picture.url;
  }
}
