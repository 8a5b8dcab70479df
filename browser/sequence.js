// The order of one channel's publications.

const HELD = 512; // publications that wait for one before them

/**
 * Takes publications as they come, twice or out of order, and returns what the application gets of them: each once,
 * by offset. What it cannot get is a gap: {type: "gap", reason, position}, after which all goes on at `position`.
 */
export class Sequence {
  #held = new Map(); // by offset
  #strange = []; // publications of another epoch
  #left = new Set(); // epochs that are no more
  #top = 0; // the largest offset known to exist

  /** The position of the last publication that was let through; null before there is one. */
  position;

  constructor(position) {
    this.position = position;
  }

  /** Whether something is missing. */
  get isBehind() {
    return this.#strange.length > 0 || (this.position !== null && this.#top > this.position.offset);
  }

  /** Whether no more can be held. */
  get isFull() {
    return this.#held.size + this.#strange.length >= HELD;
  }

  /** How far it is known to go: the largest `offset`, and how many publications of another epoch have come. */
  get horizon() {
    return { offset: this.#top, strange: this.#strange.length };
  }

  /** Begin, or go on, at a position, whatever is missing; what is missing is a gap. */
  startAt(position, reason) {
    const { position: before } = this;
    if (before?.epoch === position.epoch && before.offset >= position.offset) return [];
    if (before && before.epoch !== position.epoch) this.#left.add(before.epoch);
    this.position = position;
    this.#top = position.offset;
    this.#held.clear();
    const gap = before ? [{ type: "gap", reason, position }] : [];
    return [...gap, ...this.#strange.splice(0).flatMap((publication) => this.take(publication))];
  }

  /** Take a publication. */
  take(publication) {
    const { epoch, offset } = publication.position;
    if (this.position?.epoch !== epoch) return this.#takeStrange(publication);
    if (offset <= this.position.offset) return [];
    this.#top = Math.max(this.#top, offset);
    if (!this.isFull || offset === this.position.offset + 1) this.#held.set(offset, publication);
    return this.#release();
  }

  /** Take a page of the history after the position: what it leaves out is lost. */
  fill(publications) {
    return publications.flatMap((publication) => [
      ...this.giveUp(publication.position.offset - 1),
      ...this.take(publication),
    ]);
  }

  /** All of the history has been read: wait no longer for what is missing up to an offset. */
  giveUp(offset) {
    const items = [];
    while (this.position.offset < offset) {
      const next = Math.min(offset + 1, ...this.#held.keys()) - 1;
      this.position = { ...this.position, offset: next };
      items.push({ type: "gap", reason: "lost", position: this.position }, ...this.#release());
    }
    return items;
  }

  /** The history of this epoch is there: the first so many that came of another one are older. */
  forgetStrange(count) {
    for (const { position } of this.#strange.splice(0, count)) this.#left.add(position.epoch);
  }

  /** The history of this epoch is no more: go on where something has come of another, or else at `head`. */
  moveOn(head) {
    const places = this.#strange.map(({ position }) => position);
    const epoch = places.at(-1)?.epoch;
    if (epoch === undefined) return head ? this.startAt(head, "lost") : [];
    const offsets = places.filter((place) => place.epoch === epoch).map(({ offset }) => offset);
    return this.startAt({ epoch, offset: Math.min(...offsets) - 1 }, "lost");
  }

  /** Learn that the channel has got to a position. */
  aim({ epoch, offset }) {
    if (epoch === this.position.epoch) this.#top = Math.max(this.#top, offset);
  }

  #takeStrange(publication) {
    const { epoch, offset } = publication.position;
    if (this.position === null) return [...this.startAt({ epoch, offset: offset - 1 }), ...this.take(publication)];
    if (!this.#left.has(epoch) && !this.isFull) this.#strange.push(publication);
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
