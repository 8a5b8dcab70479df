// The registry of subscriptions: subscribes each connection to them.

import { Channel } from "./channel.js";
import { AnswerTimeoutError, ClosedError, RealtimeError, RefusedError } from "./errors.js";
import { Deduplicator } from "./deduplicator.js";
import { isPosition, readSubscribeResults } from "./decoding.js";

const BATCH = 49; // channels in one request
const NAME = /^[A-Za-z0-9_:.-]{1,128}$/;
const POSITIONS_IN_PING = 100; // positions in a ping
const DEDUPLICATE_FOR = 10_000; // ms after a roll-over in which a frame may come a second time

/**
 * `serving` returns the connection in use, or null. `backoff` returns a pause in ms for a number of failures and the
 * last error. `onChange` is called when a subscription was made or has ended.
 */
export class SubscriptionRegistry {
  #timers;
  #backoff;
  #serving;
  #onChange;
  #channels = new Map();
  #subscribing = new Set(); // connections
  #idle = []; // resolve the pauses of #subscribeAll
  #leaving = Promise.resolve();
  #deduplicator = null;

  constructor({ timers, backoff, serving, onChange }) {
    this.#timers = timers;
    this.#backoff = backoff;
    this.#serving = serving;
    this.#onChange = onChange;
  }

  /** Subscribe to a channel, on this connection and on all later ones. */
  add(name, { since, limit }) {
    if (!NAME.test(name)) throw new RangeError("a channel's name is 1 to 128 of A-Z a-z 0-9 _ : . -");
    if (since !== null && !isPosition(since)) throw new RangeError("since is no position");
    if (this.#channels.has(name)) throw new RealtimeError(`there is a subscription to ${name} already`);
    const channel = new Channel(name, {
      since,
      limit,
      timers: this.#timers,
      backoff: this.#backoff,
      leave: () => this.#leave(channel),
      onStale: () => this.#resume(),
    });
    this.#channels.set(name, channel);
    this.#resume();
    return channel.subscription;
  }

  /** Whether a channel is subscribed to, but not on this connection. */
  lacks(name, connection) {
    const channel = this.#channels.get(name);
    return channel !== undefined && !channel.connections.includes(connection);
  }

  /** Subscribe a connection to the channels that it does not bring yet. */
  async subscribe(connection) {
    if (this.#subscribing.has(connection)) return;
    this.#subscribing.add(connection);
    if (this.#serving() && this.#serving() !== connection) this.#deduplicator = new Deduplicator();
    try {
      await this.#subscribeAll(connection);
    } finally {
      this.#subscribing.delete(connection);
    }
  }

  /** A roll-over is complete. */
  settle() {
    const deduplicator = this.#deduplicator;
    if (!deduplicator) return;
    this.#timers.after(DEDUPLICATE_FOR, () => {
      if (this.#deduplicator === deduplicator) this.#deduplicator = null;
    });
  }

  /** Take a publication from a connection. */
  receive(connection, publication) {
    if (!publication.position && this.isRepeat(connection, publication)) return;
    this.#channels.get(publication.channel)?.receive(connection, publication);
  }

  /** Whether the other connection of a roll-over has brought this frame already. */
  isRepeat(connection, frame) {
    return this.#deduplicator?.isRepeat(connection, frame) ?? false;
  }

  /** The positions of the channels that a connection brings. */
  positions(connection) {
    const known = [...this.#channels.values()].filter((each) => each.connections.includes(connection) && each.position);
    return Object.fromEntries(known.slice(0, POSITIONS_IN_PING).map(({ name, position }) => [name, position]));
  }

  /** The server says that there are publications up to these positions. */
  catchUp(behind) {
    for (const [name, position] of Object.entries(behind)) {
      const channel = this.#channels.get(name);
      if (channel?.position && isPosition(position)) channel.catchUp(position);
    }
  }

  /** The server has ended subscriptions that the user may no longer have. */
  revoke(names) {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel) this.#refuse([channel], new RefusedError({ type: "error", code: "forbidden", channel: name }));
    }
  }

  /** A connection has ended. */
  forget(connection) {
    for (const channel of this.#channels.values()) channel.forget(connection);
  }

  /** The client is closed. */
  finish(error) {
    for (const channel of this.#channels.values()) channel.finish(error);
    this.#channels.clear();
  }

  /** Subscribe batch by batch. A batch that was refused for now pauses while the others go on. */
  async #subscribeAll(connection) {
    const paused = new Set();
    for (let size = BATCH, refusals = 0; ; ) {
      await this.#leaving;
      const missing = [...this.#channels.values()].filter(({ connections }) => !connections.includes(connection));
      if (missing.length === 0 || !connection.isOpen) return;
      const batch = missing.filter((channel) => !paused.has(channel)).slice(0, size);
      if (batch.length === 0) {
        await new Promise((wake) => this.#idle.push(wake));
        continue;
      }
      const error = await this.#ask(connection, batch);
      if (error?.code === "rate_limited") {
        // The limit is about the connection, not about a channel.
        await this.#timers.sleep(this.#backoff(refusals++, error));
      } else if (error?.retry) {
        this.#pause(paused, batch, this.#backoff(refusals++, error));
        size = Math.ceil(batch.length / 2); // the error may be about one of them
      } else if (error && !this.#refuse(batch, error)) {
        size = 1;
      }
    }
  }

  #pause(paused, batch, pause) {
    for (const channel of batch) paused.add(channel);
    this.#timers.after(pause, () => {
      for (const channel of batch) paused.delete(channel);
      this.#resume();
    });
  }

  #resume() {
    for (const wake of this.#idle.splice(0)) wake();
    if (this.#serving()) this.subscribe(this.#serving());
  }

  /** Subscribe to these channels. Returns the error when the server refuses. */
  async #ask(connection, batch) {
    for (const channel of batch) channel.ask(connection);
    try {
      const request = { action: "channel.subscribe", channels: batch.map(({ requestFields }) => requestFields) };
      const answers = readSubscribeResults(await connection.request(request));
      for (const channel of batch) this.#start(connection, channel, answers.get(channel.name));
      this.#onChange();
    } catch (error) {
      if (error instanceof RefusedError && connection.isOpen) return error;
      if (error instanceof AnswerTimeoutError) return null;
      connection.cut(error.message); // after a malformed answer the subscriptions are unknown
    }
    return null;
  }

  #start(connection, channel, answer) {
    if (!answer) throw new TypeError(`no answer about ${channel.name}`);
    if (this.#channels.get(channel.name) === channel) channel.start(connection, answer);
    else this.#unsubscribe(connection, channel.name);
  }

  /** End the subscription that was refused. Returns whether the error names one. */
  #refuse(batch, error) {
    const refused = batch.length === 1 ? batch[0] : batch.find(({ name }) => name === error.frame.channel);
    if (refused && this.#channels.get(refused.name) === refused) this.#channels.delete(refused.name);
    refused?.finish(error);
    this.#onChange();
    return Boolean(refused);
  }

  #leave(channel) {
    if (this.#channels.get(channel.name) !== channel) return;
    const { connections } = channel;
    this.#channels.delete(channel.name);
    channel.finish(new ClosedError("the subscription was closed"));
    for (const connection of connections) this.#unsubscribe(connection, channel.name);
    this.#onChange();
  }

  #unsubscribe(connection, name) {
    const left = connection.request({ action: "channel.unsubscribe", channels: [name] }).catch(() => {});
    this.#leaving = Promise.all([this.#leaving, left]); // otherwise it could end a later subscription
  }
}
