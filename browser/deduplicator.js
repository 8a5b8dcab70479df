// Deduplication during a roll-over, while two connections are open.

const KEPT = 1_000; // frames

/** Recognises frames that both connections bring and that have no position. */
export class Deduplicator {
  #seen = new Map(); // by text: the connection that was first, and how many copies the other one still owes

  /** Whether the other connection has brought this frame already. */
  isRepeat(connection, frame) {
    const text = JSON.stringify(frame);
    const first = this.#seen.get(text);
    if (first?.connection === connection) {
      first.count += 1;
    } else if (first) {
      first.count -= 1;
      if (first.count === 0) this.#seen.delete(text);
    } else {
      this.#seen.set(text, { connection, count: 1 });
      if (this.#seen.size > KEPT) this.#seen.delete(this.#seen.keys().next().value);
    }
    return first !== undefined && first.connection !== connection;
  }
}
