// The line to Easel: one websocket a job, which comes back by itself and says goodbye when the page goes.

class Line {
  // heard: {state(json), frame(blob, drawn), down(bool), gone()}
  constructor(address, heard) {
    this.address = address;
    this.heard = heard;
    this.tries = 0;
    this.closed = false;
    this.last = Date.now();
    this.onHide = () => this.leave();
    this.onShow = (event) => event.persisted && this.open();
    this.onAwake = () => this.wake();
    addEventListener("pagehide", this.onHide);
    addEventListener("pageshow", this.onShow);
    addEventListener("online", this.onAwake);
    document.addEventListener("visibilitychange", this.onAwake);
    this.open();
  }

  open() {
    if (this.closed) return;
    this.drop();
    const socket = (this.socket = new WebSocket(this.address));
    socket.binaryType = "blob";
    socket.onmessage = (event) => socket === this.socket && this.hear(event.data);
    socket.onclose = (event) => socket === this.socket && this.broke(event.code);
  }

  hear(data) {
    this.last = Date.now();
    if (this.tries || this.waiting) this.mended();
    if (typeof data !== "string") return this.heard.frame(data, () => this.say("a"));
    const state = JSON.parse(data);
    this.heard.state(state);
    if (state.over) this.close();
  }

  broke(code) {
    if (code === 1008) {
      this.close();
      return this.heard.gone();
    }
    const pause = Math.min(5000, 300 * 2 ** this.tries) * (0.75 + Math.random() / 2);
    this.tries += 1;
    this.timer = setTimeout(() => this.open(), pause);
    // A short break is nobody's business.
    this.waiting ??= setTimeout(() => this.heard.down(true), 1500);
  }

  mended() {
    this.tries = 0;
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.heard.down(false);
  }

  // After a sleep or a tunnel a socket may look open and be dead: a new one costs little.
  wake() {
    // A page that goes is hidden after its goodbye: it must not come back for that.
    if (this.closed || document.visibilityState !== "visible") return;
    const asleep = Date.now() - this.last > 20000;
    if (asleep || this.socket?.readyState !== WebSocket.OPEN) this.open();
  }

  say(word) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(word);
  }

  leave() {
    this.say("bye");
    this.drop();
  }

  drop() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.waiting);
    removeEventListener("pagehide", this.onHide);
    removeEventListener("pageshow", this.onShow);
    removeEventListener("online", this.onAwake);
    document.removeEventListener("visibilitychange", this.onAwake);
    this.drop();
  }
}
