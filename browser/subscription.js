// What an application holds of a channel: an inbox to read.

import { ClosedError } from "./errors.js";

/**
 * Publications and gaps, in order. Read it with `for await`; whoever reads too slowly loses the oldest and is told
 * so by one gap in their place.
 */
export class Subscription {
  #limit;
  #leave;
  #items = [];
  #dropped = null;
  #readers = [];
  #position;
  #end = null;
  #opened;

  constructor(channel, { since = null, limit, leave }) {
    this.channel = channel;
    this.#position = since;
    this.#limit = limit;
    this.#leave = leave;
    /** Resolves once the server has said yes, rejects when it says no. */
    this.ready = new Promise((resolve, reject) => (this.#opened = { resolve, reject }));
    this.ready.catch(() => {}); // whoever does not ask learns of it by reading
  }

  /** Where a subscription `since` goes on after what was read of this one; null without a history. */
  get position() {
    return this.#position;
  }

  /** Stop, also the subscription on the server; what was not read is thrown away. */
  close() {
    this.#items = [];
    this.#dropped = null;
    this.finish(new ClosedError("the subscription was closed"));
    this.#leave();
  }

  /** The next item: `done` after the subscription was closed; rejects when the server refused it. */
  async next() {
    if (this.#dropped) return { done: false, value: this.#pass(this.#overflow()) };
    if (this.#items.length) return { done: false, value: this.#pass(this.#items.shift()) };
    if (!this.#end) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    if (this.#end instanceof ClosedError) return { done: true, value: undefined };
    throw this.#end;
  }

  [Symbol.asyncIterator]() {
    return { next: () => this.next() };
  }

  /** The server said yes, and that the channel is there. For the client. */
  start(position) {
    this.#position ??= position;
    this.#opened.resolve();
  }

  /** For the client. */
  deliver(item) {
    if (this.#end) return;
    if (this.#readers.length) {
      this.#readers.shift().resolve({ done: false, value: this.#pass(item) });
    } else {
      this.#items.push(item);
      if (this.#items.length > this.#limit) this.#dropped = this.#items.shift();
    }
  }

  /** Nothing comes any more. For the client. */
  finish(error) {
    this.#end ??= error;
    this.#opened.reject(this.#end);
    for (const { resolve, reject } of this.#readers.splice(0)) this.next().then(resolve, reject);
  }

  #overflow() {
    const { position } = this.#dropped;
    this.#dropped = null;
    return { type: "gap", channel: this.channel, reason: "overflow", position };
  }

  #pass(item) {
    this.#position = item.position ?? this.#position;
    return item;
  }
}
