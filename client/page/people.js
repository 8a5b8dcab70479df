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

  #draw(rows) {
    const focused = this.#box.contains(document.activeElement);
    this.#box.replaceChildren(...rows.map((row) => this.#row(row)));
    if (focused) this.#box.querySelector("input:checked").focus();
  }

  #row({ user_id, name, mark = "" }) {
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "to", value: user_id, checked: user_id === this.chosen.user_id });
    input.addEventListener("change", () => this.#choose(user_id ? { user_id, name } : EVERYONE));
    const avatar = drawAvatar(user_id ? name : "#", user_id);
    const label = element("label", [input, avatar, element("span", name), element("small", mark)]);
    label.dataset.mark = mark;
    if (user_id) label.title = user_id;
    return label;
  }

  #choose(person) {
    this.chosen = person;
    this.#onChoice(person);
  }
}
