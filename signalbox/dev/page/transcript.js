// What was said in a room, newest at the bottom.

import { drawAvatar, element } from "./elements.js";

const ENTRIES = 500;
const TOGETHER = 180_000; // ms between two messages that are shown as one run
const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hour12: false });

/** A list of messages and notes; people's words only ever become text. */
export class Transcript {
  #list = document.createElement("ol");
  #runs = new WeakMap(); // by entry: whose it is, and when it was

  /** Show it in this box. */
  showIn(box) {
    box.replaceChildren(this.#list);
  }

  /**
   * Add a message: {at: epoch ms, sender: {user_id, name}, text, own, direct: to whom, mark}. It `follows` when the
   * same person goes on; what is `pending` stays last. Returns the entry.
   */
  add({ at, sender, text, own = false, direct = "", mark = "", pending = false }) {
    const next = pending ? null : this.#list.querySelector(".pending");
    const before = this.#runs.get(next ? next.previousElementSibling : this.#list.lastElementChild);
    const key = `${sender?.user_id} ${direct}`;
    const follows = key === before?.key && at - before.at < TOGETHER;
    const name = own ? "You" : String(sender?.name);
    const bubble = element("div", [
      element("b", direct && own ? `You to ${direct}` : name),
      element("small", direct && !own ? "to you alone" : mark),
      element("p", text),
      element("time", formatTime(at)),
    ]);
    const kinds = { own, direct: Boolean(direct), follows, missed: mark === "missed", pending };
    const avatar = drawAvatar(String(sender?.name), String(sender?.user_id));
    const classes = Object.keys(kinds).filter((kind) => kinds[kind]);
    const entry = this.#insert(classes, own ? [bubble] : [avatar, bubble], next);
    this.#runs.set(entry, { key, at });
    return entry;
  }

  /** Show something that nobody said; `kind` may be "error". */
  note(text, kind = "") {
    const parts = [element("p", text), element("time", formatTime(Date.now()))];
    this.#insert(["note", kind], parts, this.#list.querySelector(".pending"));
  }

  #insert(classes, parts, next) {
    const entry = element("li", parts);
    entry.className = classes.join(" ");
    this.#list.insertBefore(entry, next);
    if (this.#list.children.length > ENTRIES) this.#list.firstChild.remove();
    return entry;
  }
}

function formatTime(at) {
  const time = new Date(at);
  return Number.isNaN(time.valueOf()) ? "" : CLOCK.format(time);
}
