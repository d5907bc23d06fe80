// Where Streamlit comes in. Called again whenever the data changes; the returned function at unmount only.

class Mount {
  constructor(root, words) {
    this.root = root;
    this.well = new Well(root, words, (value) => this.tell("file", value));
    this.onPaste = (event) => this.paste(event);
    // A drop beside the well would take the browser away from the page.
    this.onMissed = (event) => {
      if (event.defaultPrevented || ![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    };
    document.addEventListener("paste", this.onPaste);
    document.addEventListener("dragover", this.onMissed);
    document.addEventListener("drop", this.onMissed);
  }

  set(data, tell) {
    this.tell = tell;
    this.well.set(data);
  }

  // To the well in focus, else to the one under the pointer. Text for a field stays the field's.
  paste(event) {
    const path = event.composedPath();
    const focused = path.some((element) => element.classList?.contains("well"));
    if (event.defaultPrevented || !(focused ? path.includes(this.root) : this.root.matches(":hover"))) return;
    const transfer = event.clipboardData;
    const inField = path[0].matches?.("input:not([type=file]), textarea, [contenteditable]");
    if ((inField && !transfer.files.length) || this.root.querySelector("dialog[open]")) return;
    if (this.well.take(transfer)) event.preventDefault();
  }

  unmount() {
    document.removeEventListener("paste", this.onPaste);
    document.removeEventListener("dragover", this.onMissed);
    document.removeEventListener("drop", this.onMissed);
    this.well.close();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".well");
  const mount = (root.mount ??= new Mount(root, data.words));
  mount.set(data, setStateValue);
  return () => {
    mount.unmount();
    root.replaceChildren();
    root.mount = undefined;
  };
}
