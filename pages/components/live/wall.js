// The grid: a placeholder for every picture that is coming, a button for every one that is here.

class Wall {
  constructor(words, open) {
    this.words = words;
    this.open = open;
    this.root = make("div", { class: "wall" });
    this.groups = new Map();
  }

  clear() {
    this.root.replaceChildren();
    this.groups.clear();
  }

  draw(state, prompt) {
    const apart = state.stages.length > 1;
    const ratio = state.width && state.height ? state.width / state.height : 1;
    for (const stage of state.stages) {
      const results = state.results.filter((result) => result.node_id === stage.node_id);
      // What is not coming any more needs no place.
      const places = state.over ? results.length : Math.max(stage.expected, results.length);
      const group = this.group(stage, apart, ratio);
      group.root.hidden = places === 0;
      while (group.grid.children.length > places) group.grid.lastChild.remove();
      for (let n = 0; n < places; n += 1) this.tile(group.grid, n, places, results[n], prompt);
    }
  }

  group(stage, apart, ratio) {
    let group = this.groups.get(stage.node_id);
    if (!group) {
      const grid = make("div", { class: "grid" });
      const title = apart && make("h3", {}, stage.title || this.words.untitled);
      group = { grid, root: make("section", { "aria-label": stage.title }, title || null, grid) };
      this.groups.set(stage.node_id, group);
      this.root.append(group.root);
    }
    group.grid.style.setProperty("--ratio", String(ratio));
    return group;
  }

  tile(grid, n, all, result, prompt) {
    const old = grid.children[n];
    if (old && old.dataset.id === (result?.id ?? "")) return;
    const tile = result ? this.picture(result, n, all, prompt) : this.placeholder(n, all);
    if (old) old.replaceWith(tile);
    else grid.append(tile);
  }

  placeholder(n, all) {
    return make(
      "div",
      { class: "tile coming", role: "img", "aria-label": fill(this.words.placeholder, { n: n + 1, all }), "data-id": "" },
      make("span", { "aria-hidden": "true" }, String(n + 1)),
    );
  }

  picture(result, n, all, prompt) {
    const alt = all > 1 ? fill(this.words.tile, { prompt, n: n + 1, all }) : prompt;
    const image = make("img", { alt, src: result.thumb, decoding: "async" });
    image.addEventListener("load", () => image.classList.add("in"), { once: true });
    const open = make("button", { type: "button", class: "open", onclick: () => this.open(result.id) }, image);
    const save = make(
      "a",
      { class: "save", href: result.download, download: true, "aria-label": this.words.download, title: this.words.download },
      icon("download"),
    );
    return make("div", { class: "tile", "data-id": result.id }, open, save);
  }
}
