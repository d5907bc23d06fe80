// Where Streamlit comes in. Called again whenever the data changes; the returned function at unmount only.

const address = (data) =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${data.base}/easel/jobs/${data.job}/live`;

// Escape stops, but not where it has something nearer to close.
const nearer = () => document.querySelector('[data-baseweb="popover"], [role="listbox"], [role="dialog"], [role="menu"]');

class Mount {
  constructor(root) {
    this.root = root;
    this.onKey = (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !this.line || this.line.closed) return;
      if (nearer() || this.stage.viewer.root.open) return;
      this.line.say("stop");
      this.stage.stopping();
    };
    // The second half of a double click asks for nothing.
    this.onTwice = (event) => {
      if (event.detail > 1 && event.target.closest?.(".st-key-press")) event.stopPropagation();
    };
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("click", this.onTwice, true);
  }

  set(data, tell) {
    this.data = data;
    this.tell = tell;
    this.stage ??= new Stage(this.root, data.words, (name, value) => this.tell(name, value));
    const other = data.job !== this.job;
    if (other) this.hangUp();
    this.stage.set(data);
    if (other && data.job) this.dial(data);
  }

  dial(data) {
    this.job = data.job;
    const stage = this.stage;
    this.line = new Line(address(data), {
      state: (state) => {
        stage.state(state);
        // The page is told once that the job has ended, unless it knew.
        if (state.over && !this.data.over && this.told !== data.job) this.tell("done", (this.told = data.job));
      },
      frame: (blob, drawn) => stage.frame(blob, drawn),
      down: (down) => stage.down(down),
      gone: () => stage.gone(),
    });
  }

  hangUp() {
    this.line?.leave();
    this.line?.close();
    this.line = this.job = undefined;
  }

  unmount() {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("click", this.onTwice, true);
    this.hangUp();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".easel");
  const mount = (root.mount ??= new Mount(root));
  mount.set(data, setTriggerValue);
  return () => {
    mount.unmount();
    root.mount = undefined;
  };
}
