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
      const kind = results[0]?.kind ?? stage.kind;
      const group = this.group(stage, apart, ratio);
      group.grid.classList.toggle("rows", !visual({ kind }));
      group.root.hidden = places === 0;
      while (group.grid.children.length > places) group.grid.lastChild.remove();
      for (let n = 0; n < places; n += 1) this.tile(group.grid, n, places, results[n] ?? { kind }, prompt);
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
    if (old && old.dataset.id === (result.id ?? "")) return;
    const label = fill(this.words.places[result.kind], { n: n + 1, all });
    const alt = all > 1 ? fill(this.words.tile, { prompt, n: n + 1, all }) : prompt;
    const tile = result.id ? this.result(result, alt, label) : this.placeholder(result.kind, n, label);
    if (old) old.replaceWith(tile);
    else grid.append(tile);
  }

  placeholder(kind, n, label) {
    const shape = visual({ kind }) ? "" : kind === "text" ? "page" : "strip";
    return make(
      "div",
      { class: `tile coming ${shape}`, role: "img", "aria-label": label, "data-id": "" },
      make("span", { "aria-hidden": "true" }, String(n + 1)),
    );
  }

  // alt: what a picture shows; label: what any other tile is.
  result(result, alt, label) {
    if (visual(result)) return this.picture(result, alt);
    if (result.kind === "audio") return soundTile(this.words, result, label);
    return result.kind === "text" ? textTile(this.words, result, label) : fileTile(this.words, result);
  }

  picture(result, alt) {
    const moving = result.kind === "video";
    const still = result.kind === "image" || calm.matches;
    const source = still ? result.thumb : result.url;
    const shown = moving ? glimpse(result, alt) : make("img", { alt, src: source, decoding: "async" });
    if (!moving) shown.addEventListener("load", () => shown.classList.add("in"), { once: true });
    const open = make(
      "button",
      { type: "button", class: "open", onclick: () => this.open(result.id) },
      shown,
      moving ? icon("play") : null,
    );
    if (moving) stir(open, shown);
    return make("div", { class: "tile", "data-id": result.id }, open, saver(this.words, result));
  }
}
