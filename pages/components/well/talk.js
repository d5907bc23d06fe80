// The way to Easel's upload routes. Every refusal comes as a sentence.

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

class Talk {
  constructor(base, words) {
    this.root = `${base}/easel/uploads`;
    this.words = words;
  }

  address(name, query = "") {
    return `${this.root}/${name.split("/").map(encodeURIComponent).join("/")}${query}`;
  }

  // A request that tells how far it is and can be called off. asked: {body, json, query, progress, signal}
  post(path, { body, json, query = {}, progress = () => {}, signal } = {}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.root}${path}?${new URLSearchParams(query)}`);
      request.responseType = "json";
      request.timeout = 300000;
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onload = () =>
        request.status < 300 && request.response
          ? resolve(request.response)
          : reject(new Error(request.response?.error ?? this.words.line_down));
      request.onerror = request.ontimeout = () => reject(new Error(this.words.line_down));
      request.onabort = () => reject(new DOMException("", "AbortError"));
      signal?.addEventListener("abort", () => request.abort());
      if (json) request.setRequestHeader("Content-Type", "application/json");
      request.send(json ? JSON.stringify(json) : body);
    });
  }

  // What this name is; null where it is not here any more.
  async about(name) {
    const answer = await fetch(this.address(name, "?about=1"));
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(this.words.line_down);
    return answer.json();
  }
}

const KNOWN = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"];

// Pictures that ComfyUI cannot read, but this browser can (AVIF, HEIC, SVG), go out as PNG.
async function readable(file) {
  if (!file.type.startsWith("image/") || KNOWN.includes(file.type)) return file;
  const image = make("img", { src: URL.createObjectURL(file) });
  try {
    await image.decode();
    const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return blob ? new File([blob], `${file.name}.png`, { type: "image/png" }) : file;
  } catch {
    return file; // Easel says what it is.
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
