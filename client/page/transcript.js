// What was said, newest at the bottom.

const ENTRIES = 500;
const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** A scrolling list of messages and notes; people's words only ever become text. */
export class Transcript {
  #box;
  #list;
  #seen = new Set();

  constructor(box) {
    this.#box = box;
    this.#list = box.querySelector("ol");
  }

  /** Show a message once: {id, at: epoch ms, name, text, direct, own}. */
  add({ id, at, name, text, direct, own }) {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const kind = [direct && "direct", own && "own"].filter(Boolean).join(" ");
    const mark = direct && part("small", own ? "direct" : "direct, to you");
    this.#append(kind, at, part("b", name), mark, part("p", text));
  }

  /** Show something that nobody said; `kind` may be "error". */
  note(text, kind = "") {
    this.#append(`note ${kind}`, Date.now(), part("p", text));
  }

  #append(kind, at, ...parts) {
    const following = this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < 40;
    const entry = document.createElement("li");
    entry.className = kind;
    entry.append(part("time", formatTime(at)), ...parts.filter(Boolean));
    this.#list.append(entry);
    if (this.#list.children.length > ENTRIES) this.#list.firstChild.remove();
    if (following) this.#box.scrollTop = this.#box.scrollHeight;
  }
}

function formatTime(at) {
  const time = new Date(at);
  return Number.isNaN(time.valueOf()) ? "" : CLOCK.format(time);
}

function part(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
