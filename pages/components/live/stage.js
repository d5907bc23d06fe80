// The stage: everything that a maker sees of a job, in every state, in places that do not move.

class Stage {
  constructor(root, words, tell) {
    this.words = words;
    this.tell = tell;
    const open = (id) => this.viewer.open(id, () => this.shown());
    this.print = new Print(words, open);
    this.wall = new Wall(words, open);
    this.viewer = new Viewer(words, (vary) => this.pick(vary));
    this.empty = make("div", { class: "empty", hidden: true });
    this.trouble = make("div", { class: "trouble", hidden: true });
    this.fill = make("div", { class: "fill" });
    this.bar = make(
      "div",
      { class: "bar", role: "progressbar", "aria-label": words.progress, "aria-valuemin": 0, "aria-valuemax": 100 },
      this.fill,
    );
    this.status = make("p", { class: "status" });
    this.turn = make("p", { class: "aloud", role: "status", "aria-live": "polite" });
    this.acts = make("div", { class: "acts" });
    this.mat = make("div", { class: "mat" }, this.empty, this.trouble, this.print.root, this.bar);
    root.replaceChildren(
      this.mat,
      make("div", { class: "under" }, this.status, this.acts),
      this.wall.root,
      this.turn,
      this.viewer.root,
    );
    this.model = {};
  }

  // What Python says: another job, another form.
  set(data) {
    const other = data.job !== this.data?.job;
    this.data = data;
    if (other) {
      this.model = { server: data.server };
      this.print.clear();
      this.wall.clear();
      this.actsFor = undefined;
    }
    this.model.server = data.server;
    this.model.same = data.same;
    if (!this.model.state) this.foresee(data);
    this.draw();
  }

  // Before the line has said a word, the places are kept by what the form asked for.
  foresee(data) {
    this.print.shape(data.width, data.height);
    if (data.job) this.wall.draw({ over: false, results: [], ...data }, data.prompt);
  }

  state(state) {
    if (this.model.state && state.version < this.model.state.version) return;
    this.model.state = state;
    if (state.over) this.model.stopping = false;
    this.draw();
  }

  frame(blob, drawn) {
    return this.print.frame(blob, drawn);
  }

  down(down) {
    this.model.down = down;
    this.draw();
  }

  gone() {
    this.model.gone = true;
    this.draw();
  }

  stopping() {
    this.model.stopping = true;
    this.draw();
  }

  shown() {
    const { state } = this.model;
    return { results: (state?.results ?? []).filter(visual), prompt: this.data.prompt, seed: state?.seed };
  }

  pick(vary) {
    this.tell("pick", { job: this.data.job, vary });
  }

  draw() {
    const { data, model, words } = this;
    const { state } = model;
    const trouble = this.troubled();
    const blank = trouble && !state?.results.length;
    this.empty.hidden = Boolean(data.job);
    // Where nothing comes that can be looked at, no place is kept for it.
    const { stages } = state ?? data;
    const low = Boolean(data.job) && !trouble && stages.length > 0 && !stages.some(visual) && !state?.results.some(visual);
    this.mat.classList.toggle("low", low);
    this.print.root.hidden = !data.job || Boolean(blank) || low;
    // What was stopped before it was finished stays in sight, and is seen to be no picture yet.
    this.print.root.classList.toggle("dim", state?.state === "stopped");
    this.trouble.hidden = !trouble;
    if (!data.job) this.invite();
    if (trouble) this.explain(trouble);
    if (state) {
      this.print.shape(state.width, state.height);
      this.print.show(state);
      this.wall.draw(state, data.prompt);
    }
    const busy = Boolean(data.job) && !state?.over && !model.gone;
    this.bar.classList.toggle("busy", busy);
    this.fill.style.transform = `scaleX(${state?.fraction ?? 0})`;
    this.bar.setAttribute("aria-valuenow", Math.round((state?.fraction ?? 0) * 100));
    this.bar.hidden = !busy;
    this.fill.classList.toggle("waiting", busy && state?.state !== "running");
    write(this.status, !data.job || model.gone || trouble?.quiet ? "" : status(words, model));
    this.status.classList.toggle("alert", Boolean(model.down || state?.line === "broken") && busy);
    write(this.turn, data.job ? turn(words, model) : "");
    this.choices(state);
  }

  troubled() {
    const { words, model } = this;
    if (model.gone) return { sentence: words.gone };
    if (model.state?.state === "lost") return { sentence: words.lost, ...model.state.problem };
    if (model.state?.state === "stopped" && !model.state.results.length && !this.print.begun)
      return { sentence: status(words, model), quiet: true };
    if (model.state?.state === "failed") return { sentence: words.failed, ...model.state.problem };
    return null;
  }

  explain({ sentence, details, quiet }) {
    this.trouble.classList.toggle("quiet", Boolean(quiet));
    if (this.told === sentence + details) return;
    this.told = sentence + details;
    const more = details && make("details", {}, make("summary", {}, this.words.details), make("pre", {}, details));
    this.trouble.replaceChildren(make("p", {}, sentence.replaceAll(" × ", "\u00a0×\u00a0")), more || "");
  }

  // The empty stage: prompts to begin from, as cards with a picture of each.
  invite() {
    const { data, words } = this;
    const kind = JSON.stringify([data.examples, data.needs, data.gone]);
    if (this.invited === kind) return;
    this.invited = kind;
    const needs = words.needs[data.needs];
    const card = (example, n) =>
      make(
        "button",
        { type: "button", class: "card", onclick: () => this.tell("example", n) },
        make("img", { src: `${data.base}/app/static/examples/${example[1]}`, alt: "" }),
        make("span", {}, example[0]),
      );
    this.empty.replaceChildren(
      make("h2", {}, needs ?? words.begin),
      make("p", {}, data.gone ? words.gone : needs ? words.needs_hint : data.examples.length ? words.begin_hint : ""),
      needs ? "" : make("div", { class: "cards" }, ...data.examples.map(card)),
    );
  }

  choices(state) {
    const { words, data } = this;
    const many = state?.results.length ?? 0;
    const kind = !state?.over ? "none" : `${data.job} ${Math.min(many, 2)} ${state.seed} ${data.same}`;
    if (this.actsFor === kind) return;
    this.actsFor = kind;
    const chosen = [];
    if (state?.over && many && state.seed != null) {
      chosen.push(action(words.same_seed, words.same_seed_hint, () => this.pick(false)));
      chosen.push(action(data.same ? words.new_seed : words.vary, words.vary_hint, () => this.pick(true)));
    }
    if (state?.over && many)
      chosen.push(
        many > 1
          ? make("a", { class: "act", href: `${data.base}/easel/jobs/${data.job}/all.zip`, download: true }, words.download_all)
          : make("a", { class: "act", href: state.results[0].download, download: true }, words.download),
      );
    this.acts.replaceChildren(...chosen);
  }
}
