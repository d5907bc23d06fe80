// One picture in full size, over everything: arrow keys walk, Escape closes (the dialog's own).

class Viewer {
  constructor(words, pick) {
    this.words = words;
    this.image = make("img", { alt: "" });
    this.film = film({ controls: true, hidden: true });
    this.caption = make("p", { class: "caption", role: "status" });
    this.save = make("a", { class: "act", download: true }, words.download);
    this.back = this.arrow("previous", -1);
    this.on = this.arrow("following", 1);
    const use = (vary) => () => {
      this.root.close();
      pick(vary);
    };
    this.seeds = make(
      "span",
      { class: "acts" },
      action(words.same_seed, words.same_seed_hint, use(false)),
      action(words.vary, words.vary_hint, use(true)),
    );
    const shut = () => this.root.close();
    this.root = make(
      "dialog",
      { class: "viewer", "aria-label": words.open, onkeydown: (event) => this.key(event), onclose: () => this.dark() },
      make(
        "div",
        { class: "light", tabindex: -1, autofocus: true, onclick: (event) => event.target === event.currentTarget && shut() },
        this.image,
        this.film,
      ),
      this.back,
      this.on,
      make("div", { class: "foot" }, this.caption, make("span", { class: "acts" }, this.seeds, this.save)),
      make("button", { type: "button", class: "round shut", "aria-label": words.close, onclick: shut }, icon("close")),
    );
  }

  arrow(name, by) {
    return make(
      "button",
      { type: "button", class: `round ${name}`, "aria-label": this.words[name], onclick: () => this.walk(by) },
      icon(name),
    );
  }

  // source: () => {results, prompt, seed}, asked anew at each step: pictures may still be coming in.
  open(id, source) {
    this.source = source;
    this.id = id;
    this.draw();
    if (!this.root.open) this.root.showModal();
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target === this.film) return; // there they wind
    event.preventDefault();
    this.walk(by);
  }

  walk(by) {
    const { results } = this.source();
    const at = results.findIndex((result) => result.id === this.id);
    this.id = results[(at + by + results.length) % results.length].id;
    this.draw();
  }

  draw() {
    const { results, prompt, seed } = this.source();
    const at = results.findIndex((result) => result.id === this.id);
    const result = results[at];
    if (!result) return this.root.close();
    const alone = results.length < 2;
    this.back.hidden = this.on.hidden = alone;
    this.project(result, prompt);
    this.save.href = result.download;
    this.seeds.hidden = !seed;
    const { words } = this;
    write(
      this.caption,
      joined(
        !alone && fill(words.of, { n: at + 1, all: results.length }),
        result.stage,
        result.width > 0 && fill(words.size, result),
        seed && fill(words.seed, { seed }),
      ),
    );
  }

  project(result, prompt) {
    const moving = result.kind === "video";
    this.image.hidden = moving;
    this.film.hidden = !moving;
    this.dark();
    if (moving) {
      this.film.src = result.url;
      this.film.setAttribute("aria-label", prompt);
      if (!calm.matches) this.film.play().catch(() => {});
    } else {
      this.image.src = result.url;
      this.image.alt = prompt;
    }
  }

  // Nothing plays on behind a closed door.
  dark() {
    if (!this.film.hasAttribute("src")) return;
    this.film.removeAttribute("src");
    this.film.load();
  }
}
