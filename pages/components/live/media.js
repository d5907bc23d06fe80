// Results of every kind, and how those that are no pictures are drawn.

const visual = (thing) => ["image", "animation", "video"].includes(thing.kind);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** step;
  const digits = step && amount < 10 ? 1 : 0;
  const format = { style: "unit", unit: units[step], maximumFractionDigits: digits };
  return new Intl.NumberFormat("en", format).format(amount);
}

// A video that goes round without sound until somebody asks for it.
function film(attributes) {
  const video = make("video", { loop: true, playsinline: true, preload: "metadata", ...attributes });
  video.muted = true;
  return video;
}

// A small video: its first picture, moving while it is pointed at or has the focus.
function glimpse(result, alt) {
  return film({ src: result.url, poster: result.thumb, "aria-label": alt, role: "img", tabindex: -1 });
}

function stir(element, video) {
  const play = () => calm.matches || video.play().catch(() => {});
  const rest = () => video.pause();
  for (const name of ["pointerenter", "focusin"]) element.addEventListener(name, play);
  for (const name of ["pointerleave", "focusout"]) element.addEventListener(name, rest);
}

const saver = (words, result) =>
  make(
    "a",
    { class: "save", href: result.download, download: true, "aria-label": words.download, title: words.download },
    icon("download"),
  );

function soundTile(words, result, label) {
  const heading = make("span", { class: "heading" }, make("span", { class: "name" }, result.name), size(result.size));
  const player = make("audio", { controls: true, preload: "metadata", src: result.url, "aria-label": label });
  return make("figure", { class: "tile strip sound", "data-id": result.id }, heading, player, saver(words, result));
}

function textTile(words, result, label) {
  const shown = result.whole ? result.text : `${result.text}…`;
  const box = make("div", { class: "text", tabindex: 0, role: "region", "aria-label": label }, shown);
  const copy = action(words.copy, "", () => copyText(words, result, box, copy));
  return make(
    "div",
    { class: "tile page", "data-id": result.id },
    box,
    make("div", { class: "acts" }, copy, make("a", { class: "act", href: result.download, download: true }, words.download)),
  );
}

async function copyText(words, result, box, button) {
  try {
    const text = result.whole ? result.text : await (await fetch(result.url)).text();
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure address a page may not write there: what is marked can be copied by hand.
    return getSelection().selectAllChildren(box);
  }
  write(button, words.copied);
  setTimeout(() => write(button, words.copy), 2000);
}

function fileTile(words, result) {
  const kind = result.kind === "model" ? words.model : words.file;
  return make(
    "a",
    { class: "tile strip file", href: result.download, download: true, "data-id": result.id },
    icon(result.kind === "model" ? "model" : "file"),
    make("span", { class: "about" }, make("span", { class: "name" }, result.name), make("span", {}, joined(kind, size(result.size)))),
    icon("download"),
  );
}
