// Two connections at once, while one takes over from the other.

const KEPT = 1_000; // frames

/** Finds what both bring, where no position tells. */
export class Overlap {
  #brought = new Map(); // text: which link was first, and how many of it the other still owes

  /** Whether the other link has brought this frame already. */
  isRepeat(link, frame) {
    const text = JSON.stringify(frame);
    const first = this.#brought.get(text);
    if (first?.link === link) {
      first.count += 1;
    } else if (first) {
      first.count -= 1;
      if (first.count === 0) this.#brought.delete(text);
    } else {
      this.#brought.set(text, { link, count: 1 });
      if (this.#brought.size > KEPT) this.#brought.delete(this.#brought.keys().next().value);
    }
    return first !== undefined && first.link !== link;
  }
}
