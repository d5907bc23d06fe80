// The picture on the stage, in its final shape from the start: previews on a canvas, results above it.

class Print {
  constructor(words, open) {
    this.canvas = make("canvas", { role: "img", "aria-label": words.preview });
    this.result = make("img", { alt: "", hidden: true, decoding: "async" });
    this.film = film({ controls: true, hidden: true });
    this.root = make("div", { class: "print", hidden: true }, this.canvas, this.result, this.film);
    this.result.addEventListener("load", () => this.root.classList.add("shown"));
    this.film.addEventListener("loadeddata", () => this.root.classList.add("shown"));
    this.result.addEventListener("click", () => this.picture && open(this.picture.id));
    this.shape(1, 1);
  }

  clear() {
    this.root.classList.remove("shown", "previewing");
    for (const place of [this.result, this.film]) {
      place.hidden = true;
      place.removeAttribute("src");
    }
    this.film.load();
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

  // The first result of the last stage that has any to look at.
  show(state) {
    this.over = state.over;
    const seen = state.results.filter(visual);
    const picture = seen.find((result) => result.node_id === seen.at(-1).node_id);
    if (!picture) return;
    const moving = picture.kind === "video";
    if (this.picture?.id === picture.id) {
      if (state.over && (moving ? this.film.readyState > 1 : this.result.complete)) this.root.classList.add("shown");
      return;
    }
    this.picture = picture;
    if (state.over) this.shape(picture.width, picture.height);
    this.root.classList.remove("shown");
    this.result.hidden = moving;
    this.film.hidden = !moving;
    if (!moving) return (this.result.src = picture.url);
    this.film.src = picture.url;
    if (!calm.matches) this.film.play().catch(() => {});
  }
}
