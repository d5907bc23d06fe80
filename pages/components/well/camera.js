// A still from the camera, in a dialog. The camera is on only while the dialog is open.

const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);
const isTouch = () => matchMedia("(pointer: coarse)").matches;

// A dialog over everything. Its keys are its own: the page must not hear Escape or Ctrl+Enter.
function sheet(kind, label, closed, ...children) {
  return make(
    "dialog",
    { class: kind, "aria-label": label, onclose: closed, onkeydown: (event) => event.stopPropagation() },
    ...children,
  );
}

class Camera {
  constructor(words, taken, trouble) {
    this.words = words;
    this.taken = taken;
    this.trouble = trouble;
    this.video = make("video", { autoplay: true, muted: true, playsinline: true });
    this.shutter = make("button", { type: "button", class: "shutter", "aria-label": words.shutter, onclick: () => this.take() });
    this.root = sheet(
      "camera",
      words.camera,
      () => this.off(),
      this.video,
      make(
        "div",
        { class: "foot" },
        make("button", { type: "button", class: "act", onclick: () => this.root.close() }, words.cancel),
        this.shutter,
        make("span", { class: "balance" }),
      ),
    );
  }

  async open() {
    this.shutter.disabled = true;
    this.root.showModal();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
      if (!this.root.open) return stream.getTracks().forEach((track) => track.stop());
      this.video.srcObject = stream;
      await this.video.play();
      this.shutter.disabled = false;
      this.shutter.focus();
    } catch {
      const wasOpen = this.root.open;
      this.root.close();
      if (wasOpen) this.trouble(this.words.camera_denied);
    }
  }

  take() {
    const canvas = make("canvas", { width: this.video.videoWidth, height: this.video.videoHeight });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    canvas.toBlob((blob) => blob && this.taken(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
    this.root.close();
  }

  off() {
    this.video.srcObject?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
  }
}
