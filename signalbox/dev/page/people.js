// The list of who is in a room, which is also where one chooses whom to write to.

import { drawAvatar, element } from "./elements.js";

const EVERYONE = { user_id: "", name: "everyone" };

/** A group of radio buttons: everyone, and each person. `onChoice` gets whom a message goes to. */
export class People {
  #box;
  #onChoice;
  #people = [];
  #shown = "";

  /** Whom a message goes to: {user_id, name}; the user id of everyone is empty. */
  chosen = EVERYONE;

  constructor(box, onChoice) {
    this.#box = box;
    this.#onChoice = onChoice;
    this.show([], null);
  }

  /** Show these people; `myId` is the user id of the person looking at it. */
  show(people, myId) {
    this.#people = [...people].sort((one, other) => one.name.localeCompare(other.name));
    const rows = [{ ...EVERYONE, name: "Everyone" }];
    // Whoever was chosen and left stays chosen: a message for one person must not go to everyone instead.
    if (this.chosen.user_id && !this.#has(this.chosen.user_id)) rows.push({ ...this.chosen, mark: "left" });
    for (const person of this.#people) rows.push({ ...person, mark: person.user_id === myId ? "you" : "" });
    const shown = JSON.stringify(rows);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#draw(rows);
  }

  /** Write to everyone again. */
  reset() {
    this.#choose(EVERYONE);
    this.#shown = "";
  }

  #has(userId) {
    return this.#people.some((person) => person.user_id === userId);
  }

  /** What stays as it was is not touched: a click that has begun on it would be lost. */
  #draw(rows) {
    const focused = this.#box.contains(document.activeElement);
    const drawn = new Map([...this.#box.children].map((label) => [label.dataset.row, label]));
    const labels = rows.map((row) => drawn.get(JSON.stringify(row)) ?? this.#row(row));
    for (const label of drawn.values()) if (!labels.includes(label)) label.remove();
    for (const [index, label] of labels.entries()) {
      if (this.#box.children[index] !== label) this.#box.insertBefore(label, this.#box.children[index] ?? null);
      label.control.checked = label.control.value === this.chosen.user_id;
    }
    if (focused) this.#box.querySelector("input:checked").focus();
  }

  #row(row) {
    const { user_id, name, mark = "" } = row;
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "to", value: user_id });
    input.addEventListener("change", () => this.#choose(user_id ? { user_id, name } : EVERYONE));
    const avatar = drawAvatar(user_id ? name : "#", user_id);
    const label = element("label", [input, avatar, element("span", name), element("small", mark)]);
    label.dataset.row = JSON.stringify(row);
    label.dataset.mark = mark;
    if (user_id) label.title = user_id;
    return label;
  }

  #choose(person) {
    this.chosen = person;
    this.#onChoice(person);
  }
}
