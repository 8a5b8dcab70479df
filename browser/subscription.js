// The subscription that the application reads: a bounded queue.

import { ClosedError } from "./errors.js";

/**
 * Publications and gaps, in order. Read it with `for await`. A full queue drops its oldest items and puts one gap in
 * their place.
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
    /** Resolves once the server accepts the subscription, rejects when it refuses. */
    this.ready = new Promise((resolve, reject) => (this.#opened = { resolve, reject }));
    this.ready.catch(() => {}); // an application that does not await it gets the error from next()
  }

  /** The position of the last item that was read. Pass it as `since`. Null without a history. */
  get position() {
    return this.#position;
  }

  /** Unsubscribe and drop the items that were not read. */
  close() {
    this.#items = [];
    this.#dropped = null;
    this.finish(new ClosedError("the subscription was closed"));
    this.#leave();
  }

  /** The next item. It is `done` after `close`, and rejects when the server refused the subscription. */
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

  /** The server has accepted the subscription. For the client. */
  start(position) {
    this.#position ??= position;
    this.#opened.resolve();
  }

  /** Queue an item. For the client. */
  deliver(item) {
    if (this.#end) return;
    if (this.#readers.length) {
      this.#readers.shift().resolve({ done: false, value: this.#pass(item) });
    } else {
      this.#items.push(item);
      if (this.#items.length > this.#limit) this.#dropped = this.#items.shift();
    }
  }

  /** End the subscription. For the client. */
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
