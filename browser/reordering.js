// Puts the publications of one channel in order, each once.

const LIMIT = 512; // publications that wait for an earlier one

/**
 * A reorder buffer. It takes publications twice or out of order and returns each of them once, by offset. A gap
 * stands for lost publications: {type: "gap", reason, position}. The channel goes on after `position`.
 */
export class ReorderBuffer {
  #held = new Map(); // by offset
  #otherEpoch = []; // publications of another epoch
  #left = new Set(); // former epochs
  #top = 0; // the largest offset known to exist

  /** The position of the last item that was returned, or null. */
  position;

  constructor(position) {
    this.position = position;
  }

  /** Whether something is missing. */
  get isBehind() {
    return this.#otherEpoch.length > 0 || (this.position !== null && this.#top > this.position.offset);
  }

  /** Whether no more can be held. */
  get isFull() {
    return this.#held.size + this.#otherEpoch.length >= LIMIT;
  }

  /** The largest `offset` known, and how many publications of another epoch have come. */
  get horizon() {
    return { offset: this.#top, otherEpoch: this.#otherEpoch.length };
  }

  /** Start or go on at a position. A gap stands for the publications before it. */
  startAt(position, reason) {
    const { position: before } = this;
    if (before?.epoch === position.epoch && before.offset >= position.offset) return [];
    if (before && before.epoch !== position.epoch) this.#left.add(before.epoch);
    this.position = position;
    this.#top = position.offset;
    this.#held.clear();
    const gap = before ? [{ type: "gap", reason, position }] : [];
    return [...gap, ...this.#otherEpoch.splice(0).flatMap((publication) => this.take(publication))];
  }

  /** Take a publication. */
  take(publication) {
    const { epoch, offset } = publication.position;
    if (this.position?.epoch !== epoch) return this.#takeOtherEpoch(publication);
    if (offset <= this.position.offset) return [];
    this.#top = Math.max(this.#top, offset);
    if (!this.isFull || offset === this.position.offset + 1) this.#held.set(offset, publication);
    return this.#release();
  }

  /** Take a page of the history. Publications that it leaves out are lost. */
  fill(publications) {
    return publications.flatMap((publication) => [
      ...this.giveUp(publication.position.offset - 1),
      ...this.take(publication),
    ]);
  }

  /** The history was read to its end: publications up to an offset that are still missing are lost. */
  giveUp(offset) {
    const items = [];
    while (this.position.offset < offset) {
      const next = Math.min(offset + 1, ...this.#held.keys()) - 1;
      this.position = { ...this.position, offset: next };
      items.push({ type: "gap", reason: "lost", position: this.position }, ...this.#release());
    }
    return items;
  }

  /** The history of this epoch exists, so the first `count` publications of another epoch are older. */
  forgetOtherEpoch(count) {
    for (const { position } of this.#otherEpoch.splice(0, count)) this.#left.add(position.epoch);
  }

  /** The history of this epoch is gone. Go on where another epoch has publications, otherwise at `head`. */
  moveOn(head) {
    const places = this.#otherEpoch.map(({ position }) => position);
    const epoch = places.at(-1)?.epoch;
    if (epoch === undefined) return head ? this.startAt(head, "lost") : [];
    const offsets = places.filter((place) => place.epoch === epoch).map(({ offset }) => offset);
    return this.startAt({ epoch, offset: Math.min(...offsets) - 1 }, "lost");
  }

  /** Note that the server has publications up to a position. */
  aim({ epoch, offset }) {
    if (epoch === this.position.epoch) this.#top = Math.max(this.#top, offset);
  }

  #takeOtherEpoch(publication) {
    const { epoch, offset } = publication.position;
    if (this.position === null) return [...this.startAt({ epoch, offset: offset - 1 }), ...this.take(publication)];
    if (!this.#left.has(epoch) && !this.isFull) this.#otherEpoch.push(publication);
    return [];
  }

  #release() {
    const items = [];
    for (let next; (next = this.#held.get(this.position.offset + 1)); ) {
      this.#held.delete(next.position.offset);
      this.position = next.position;
      items.push(next);
    }
    return items;
  }
}
