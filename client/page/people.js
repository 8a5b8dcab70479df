// The list of who is connected, which is also where one chooses whom to write to.

const EVERYONE = { user_id: "", name: "everyone" };
const PAGE = 200; // people
const PAGES = 5; // a longer list is of no use to anybody

/** Fetch who is connected: {people, more}. Rejects with a RequestError. */
export async function fetchPeople(connection) {
  const people = new Map();
  let cursor = null;
  for (let page = 0; page < PAGES; page++) {
    const reply = await connection.request("who", { limit: PAGE, cursor });
    for (const person of reply.people) people.set(person.user_id, person);
    cursor = reply.cursor;
    if (cursor === null) break;
  }
  return { people: [...people.values()], more: cursor !== null };
}

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

  has(userId) {
    return this.#people.some((person) => person.user_id === userId);
  }

  /** Show these people; `myId` is the user id of the person looking at it. */
  show(people, myId) {
    this.#people = [...people].sort((one, other) => one.name.localeCompare(other.name));
    const rows = [{ ...EVERYONE, name: "Everyone" }];
    // Whoever was chosen and left stays chosen: a message for one person must not go to everyone instead.
    if (this.chosen !== EVERYONE && !this.has(this.chosen.user_id)) rows.push({ ...this.chosen, mark: "left" });
    for (const person of this.#people) rows.push({ ...person, mark: person.user_id === myId ? "you" : "" });
    const shown = JSON.stringify(rows);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#draw(rows);
  }

  #draw(rows) {
    const focused = this.#box.contains(document.activeElement);
    this.#box.replaceChildren(...rows.map((row) => this.#row(row)));
    if (focused) this.#box.querySelector("input:checked").focus();
  }

  #row({ user_id, name, mark }) {
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "to", value: user_id, checked: user_id === this.chosen.user_id });
    input.addEventListener("change", () => this.#choose(user_id ? { user_id, name } : EVERYONE));
    const label = document.createElement("label");
    label.append(input, element("span", name), element("small", mark ?? ""), element("code", user_id));
    label.dataset.mark = mark ?? "";
    return label;
  }

  #choose(person) {
    this.chosen = person;
    this.#onChoice(person);
  }
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
