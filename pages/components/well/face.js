// The well: one file control. Empty it asks for a file, filled it shows it; both are equally high.

Object.assign(ICONS, {
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  mask: "M4 5h16v14H4zM12 5v14M8 9h.01M8 12h.01M8 15h.01",
  video: "M4 6h11v12H4zM15 10l5-3v10l-5-3",
  audio: "M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  mine: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  replace: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  remove: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  undo: "M8 5L4 9l4 4M4 9h9a6 6 0 0 1 0 12h-3",
  back: "M11 5l-7 7 7 7M4 12h16",
});

const PICTURES = ["image", "mask"];
const ACCEPT = { image: "image/*", mask: "image/*", video: "video/*,image/gif", audio: "audio/*,video/*", file: "" };
// Own results, as the live view shows them.
const RESULT = /\/easel\/jobs\/([\w-]+)\/pictures\/([0-9a-f]{64})/;

class Well {
  // tell({name, width, height} or null): the maker chose, or took away.
  constructor(root, words, tell) {
    this.root = root;
    this.words = words;
    this.tell = tell;
    this.value = null;
    this.pane = "choose";
    this.build();
  }

  build() {
    const { words } = this;
    this.label = make("span", { class: "label" });
    this.fact = make("span", { class: "fact" });
    this.files = make("input", { type: "file", hidden: true, onchange: () => this.picked(this.files) });
    this.capture = make("input", { type: "file", hidden: true, capture: "environment", onchange: () => this.picked(this.capture) });
    this.hint = make("p", { class: "hint" });
    this.chooser = make("button", { type: "button", class: "act main", onclick: () => this.files.click() });
    this.sign = make("span", { class: "sign" });
    this.line = make("input", {
      type: "url", class: "line", placeholder: "https://", autocomplete: "off", spellcheck: "false", enterkeyhint: "go",
      "aria-label": words.link_label, onkeydown: (event) => event.stopPropagation(),
    });
    this.panes = {
      choose: make("div", { class: "pane choose" }, this.sign, this.hint, this.chooser),
      show: make("div", { class: "pane show" }),
      link: make(
        "form",
        { class: "pane link", novalidate: true, onsubmit: (event) => (event.preventDefault(), this.fromLink(this.line.value)) },
        this.line,
        make("button", { type: "submit", class: "act main" }, words.add),
      ),
      mine: make("div", { class: "pane mine", role: "group", "aria-label": words.mine }),
    };
    this.filling = make("div", { class: "fill" });
    this.bar = make("div", { class: "bar", hidden: true, role: "progressbar", "aria-label": words.adding }, this.filling);
    this.say = make("p", { class: "say", role: "alert" });
    this.box = make("div", { class: "box" }, ...Object.values(this.panes), this.say, this.bar);
    this.foot = make("div", { class: "foot" });
    this.root.append(make("div", { class: "head" }, this.label, this.fact), this.box, this.foot, this.files, this.capture);
    this.listen();
  }

  listen() {
    let depth = 0;
    const over = (on) => this.root.classList.toggle("over", on);
    const ours = (act) => (event) => {
      if (![...event.dataTransfer.types].some((type) => type === "Files" || type === "text/uri-list")) return;
      event.preventDefault();
      act(event);
    };
    this.root.addEventListener("dragenter", ours(() => over(++depth > 0)));
    this.root.addEventListener("dragleave", () => over((depth = Math.max(0, depth - 1)) > 0));
    this.root.addEventListener("dragover", ours((event) => (event.dataTransfer.dropEffect = "copy")));
    this.root.addEventListener("drop", ours((event) => {
      over((depth = 0) > 0);
      this.take(event.dataTransfer);
    }));
  }

  // --- what the page says ---

  set(data) {
    const other = data.value ?? null;
    this.talk ??= new Talk(data.base, this.words);
    this.data = data;
    this.root.setAttribute("aria-label", data.label);
    this.root.dataset.kind = data.kind;
    write(this.label, data.required ? data.label : `${data.label} ${this.words.optional}`);
    this.label.title = data.help || "";
    this.files.accept = ACCEPT[data.kind];
    this.capture.accept = data.kind === "video" ? "video/*" : "image/*";
    const words = this.words.kinds[data.kind];
    write(this.hint, isTouch() ? words.tap : words.drop);
    write(this.chooser, words.choose);
    this.sign.replaceChildren(icon(data.kind));
    const mine = JSON.stringify(data.pictures);
    const more = mine !== this.mine;
    if (more) this.fillStrip((this.mine = mine) && data.pictures);
    // What was told a moment ago may not have reached the page yet.
    const ahead = this.at && data.heard !== this.at && Date.now() - this.at < 5000;
    if (!ahead && !this.busy && other !== (this.value?.name ?? null)) this.adopt(other);
    if (more || !this.drawn) this.draw();
  }

  // A name that the page brings: what is behind it is asked for.
  async adopt(name) {
    this.value = name && { name, width: 0, height: 0, kind: this.data.kind, filename: "" };
    this.open(name ? "show" : "choose");
    if (!name) return;
    try {
      const about = await this.talk.about(name);
      if (this.value?.name !== name) return;
      if (about) this.value = about;
      else this.complain(this.words.gone, () => (this.value = null));
    } catch (error) {
      this.complain(error.message);
    }
    this.open(this.value ? "show" : "choose", this.say.textContent);
  }

  // --- ways in ---

  picked(input) {
    const file = input.files[0];
    input.value = "";
    if (file) this.fromFile(file);
  }

  // A drop or a paste; false where there is nothing for us in it.
  take(transfer) {
    const lines = (transfer.getData("text/uri-list") || transfer.getData("text/plain")).split(/\r?\n/);
    const address = lines.find((line) => line && !line.startsWith("#"))?.trim() ?? "";
    const result = RESULT.exec(address);
    const file = transfer.files[0];
    if (result && address.startsWith(location.origin)) this.fromResult(result[1], result[2]);
    else if (file) this.fromFile(file);
    else if (/^https?:\/\/\S+$/.test(address)) this.fromLink(address);
    else return false;
    return true;
  }

  async fromFile(file) {
    const { kind, limit } = this.data;
    const ready = PICTURES.includes(kind) ? await readable(file) : file;
    if (ready.size > limit) return this.complain(fill(this.words.too_large, { n: Math.max(1, Math.floor(limit / 2 ** 20)) }));
    this.send("", { body: ready, query: { filename: file.name, kind } });
  }

  fromLink(address) {
    const url = address.trim();
    if (!/^https?:\/\/\S+$/.test(url)) return this.complain(this.words.no_link);
    this.send("/url", { json: { url, kind: this.data.kind } });
  }

  fromResult(job, picture) {
    this.send("/result", { json: { job, picture, kind: this.data.kind } });
  }

  edited({ crop, mask }) {
    const query = { name: this.value.name, kind: this.data.kind, ...(crop && { crop }) };
    this.send("/edit", { body: mask, query });
  }

  async send(path, asked) {
    this.busy?.abort();
    const mine = (this.busy = new AbortController());
    this.complain("");
    this.progress(0);
    this.draw();
    try {
      const upload = await this.talk.post(path, { ...asked, signal: mine.signal, progress: (share) => this.progress(share) });
      if (mine !== this.busy) return;
      this.busy = null;
      this.value = upload;
      this.line.value = "";
      this.report();
      this.open("show");
    } catch (error) {
      if (mine !== this.busy) return;
      this.busy = null;
      this.open(this.pane, error.name === "AbortError" ? "" : error.message);
    }
  }

  remove() {
    this.value = null;
    this.report();
    this.open("choose");
  }

  report() {
    this.at = Date.now();
    const { name = null, width = 0, height = 0 } = this.value ?? {};
    this.tell({ name, width, height, at: this.at });
  }

  // --- what is seen ---

  open(pane, said = "") {
    this.pane = pane;
    this.complain(said);
    this.draw();
  }

  complain(sentence, then = () => {}) {
    write(this.say, sentence);
    then();
  }

  progress(share) {
    // The last stretch is Easel's own: it looks at the file and hands it on.
    this.filling.style.transform = `scaleX(${0.04 + 0.86 * share})`;
  }

  draw() {
    this.drawn = true;
    const active = () => this.root.getRootNode().activeElement;
    const focused = this.root.contains(active());
    const pane = this.pane === "show" && !this.value ? "choose" : this.pane;
    for (const [name, element] of Object.entries(this.panes)) element.hidden = name !== pane;
    this.root.classList.toggle("filled", pane === "show");
    this.root.classList.toggle("busy", Boolean(this.busy));
    this.bar.hidden = !this.busy;
    this.box.inert = Boolean(this.busy);
    if (pane === "show") this.drawValue();
    this.foot.replaceChildren(...this.buttons(pane));
    const { width, height } = this.value ?? {};
    write(this.fact, this.busy ? this.words.adding : pane === "show" && width ? `${width} × ${height}` : "");
    if (focused && (!this.root.contains(active()) || active().closest("[hidden], [inert]"))) this.refocus(pane);
  }

  refocus(pane) {
    const first = { choose: this.chooser, link: this.line, mine: this.panes.mine.querySelector("button") }[pane];
    (this.busy ? this.foot.querySelector("button") : (first ?? this.foot.querySelector("button")))?.focus({ preventScroll: true });
  }

  buttons(pane) {
    const { words, data } = this;
    const tool = (name, label, click) =>
      make("button", { type: "button", class: "act", onclick: click }, icon(name), make("span", {}, label));
    if (this.busy) return [tool("close", words.cancel, () => this.busy.abort())];
    const isPicture = PICTURES.includes(data.kind);
    if (pane === "show")
      return [
        isPicture && this.value.width > 0 && tool("edit", words.edit, () => this.edit()),
        tool("replace", words.replace, () => this.open("choose")),
        tool("remove", words.remove, () => this.remove()),
      ].filter(Boolean);
    if (pane !== "choose") return [tool("back", words.back, () => this.open("choose"))];
    const canShoot = data.kind !== "audio" && data.kind !== "file" && (isTouch() || (isPicture && hasCamera()));
    return [
      canShoot && tool("camera", words.camera, () => this.shoot()),
      tool("link", words.link, () => (this.open("link"), this.line.focus())),
      isPicture && data.pictures.length > 0 && tool("mine", words.mine, () => this.open("mine")),
      this.value && tool("back", words.keep, () => this.open("show")),
    ].filter(Boolean);
  }

  drawValue() {
    const { value, talk } = this;
    if (this.shown === JSON.stringify(value)) return;
    this.shown = JSON.stringify(value);
    const url = talk.address(value.name);
    const filename = value.filename || value.name;
    if (value.kind === "video") return this.fillShow(make("video", { src: url, controls: true, preload: "metadata", playsinline: true, "aria-label": filename }));
    if (value.kind === "audio")
      return this.fillShow(make("p", { class: "name" }, filename), make("audio", { src: url, controls: true, preload: "metadata", "aria-label": filename }));
    if (value.kind === "file") return this.fillShow(make("span", { class: "sign" }, icon("file")), make("p", { class: "name" }, filename));
    if (!value.width) return this.fillShow();
    const photo = make("div", { class: "photo" });
    photo.style.setProperty("--ratio", value.width / value.height);
    photo.append(make("img", { src: `${url}?thumb=1&plain=1`, alt: filename, draggable: "false", onload: () => photo.classList.add("in") }));
    if (this.data.maskable) {
      const tint = make("i", { class: "tint" });
      tint.style.setProperty("--hole", `url("${url}?thumb=1")`);
      photo.append(tint);
    }
    this.fillShow(photo);
  }

  fillShow(...parts) {
    this.panes.show.replaceChildren(...parts);
  }

  fillStrip(pictures) {
    const one = ({ job, picture, thumb, alt }) =>
      make(
        "button",
        { type: "button", class: "mini", title: alt, onclick: () => this.fromResult(job, picture) },
        make("img", { src: thumb, alt: alt || this.words.untitled, loading: "lazy", draggable: "false" }),
      );
    this.panes.mine.replaceChildren(...pictures.map(one));
  }

  // --- dialogs ---

  shoot() {
    if (isTouch()) return this.capture.click();
    this.camera ??= this.dialog(new Camera(this.words, (file) => this.fromFile(file), (sentence) => this.complain(sentence)));
    this.camera.open();
  }

  edit() {
    this.editor ??= this.dialog(new Editor(this.words, (edit) => this.edited(edit)));
    const { name, width, height } = this.value;
    const paints = this.data.maskable || this.data.kind === "mask";
    const whole = /\.jpe?g$/i.test(name) ? "" : this.talk.address(name);
    this.editor.open({ width, height, plain: this.talk.address(name, "?plain=1"), whole }, paints);
  }

  dialog(made) {
    this.root.append(made.root);
    return made;
  }

  close() {
    this.busy?.abort();
    this.camera?.root.close();
    this.editor?.root.close();
  }
}
