// Small helpers for drawing.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Writes only what differs, so that nothing is laid out or read aloud twice.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  previous: "M14.5 5l-7 7 7 7",
  following: "M9.5 5l7 7-7 7",
  download: "M12 4v11m-5-5l5 5 5-5M5 20h14",
  play: "M8 5l11 7-11 7z",
  model: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const action = (label, hint, click, attributes = {}) =>
  make("button", { type: "button", class: "act", title: hint, onclick: click, ...attributes }, label);
