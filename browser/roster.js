// The channels a client is subscribed to, over whichever connection there is.

import { Channel } from "./channel.js";
import { AnswerTimeoutError, ClosedError, RealtimeError, RefusedError } from "./errors.js";
import { Overlap } from "./overlap.js";
import { isPosition, readAnswers } from "./reading.js";

const BATCH = 49; // channels in a request
const NAME = /^[A-Za-z0-9_:.-]{1,128}$/;
const PINGED = 100; // positions in a ping
const LINGERING = 10_000; // ms in which something one connection was sent may come over the next one, too

/**
 * `serving` gives the link that serves, null if none does; `pauseAfter` gives ms, by the number of failures
 * and the last of them; `onChange` is called when a subscription has been made, or has ended.
 */
export class Roster {
  #agenda;
  #pauseAfter;
  #serving;
  #onChange;
  #channels = new Map();
  #subscribing = new Set(); // links
  #idle = []; // wakes those who have nothing to ask for just now
  #leaving = Promise.resolve();
  #overlap = null;

  constructor({ agenda, pauseAfter, serving, onChange }) {
    this.#agenda = agenda;
    this.#pauseAfter = pauseAfter;
    this.#serving = serving;
    this.#onChange = onChange;
  }

  /** Subscribe to a channel, now and over each connection to come. */
  add(name, { since, limit }) {
    if (!NAME.test(name)) throw new RangeError("a channel's name is 1 to 128 of A-Z a-z 0-9 _ : . -");
    if (since !== null && !isPosition(since)) throw new RangeError("since is no position");
    if (this.#channels.has(name)) throw new RealtimeError(`there is a subscription to ${name} already`);
    const channel = new Channel(name, {
      since,
      limit,
      agenda: this.#agenda,
      pauseAfter: this.#pauseAfter,
      leave: () => this.#leave(channel),
      onStale: () => this.#resume(),
    });
    this.#channels.set(name, channel);
    this.#resume();
    return channel.subscription;
  }

  /** Whether a channel is subscribed to, but not over this link. */
  lacks(name, link) {
    const channel = this.#channels.get(name);
    return channel !== undefined && !channel.links.includes(link);
  }

  /** Subscribe, over this link, to whatever it does not bring yet. */
  async subscribe(link) {
    if (this.#subscribing.has(link)) return;
    this.#subscribing.add(link);
    if (this.#serving() && this.#serving() !== link) this.#overlap = new Overlap();
    try {
      await this.#subscribeAll(link);
    } finally {
      this.#subscribing.delete(link);
    }
  }

  /** Another link has taken over. */
  settle() {
    const overlap = this.#overlap;
    if (overlap) this.#agenda.after(LINGERING, () => this.#overlap === overlap && (this.#overlap = null));
  }

  /** A publication has come over `link`. */
  receive(link, publication) {
    if (!publication.position && this.isRepeat(link, publication)) return;
    this.#channels.get(publication.channel)?.receive(link, publication);
  }

  /** Whether another link has brought this frame already, while one takes over from the other. */
  isRepeat(link, frame) {
    return this.#overlap?.isRepeat(link, frame) ?? false;
  }

  /** Where the channels are that `link` brings. */
  positions(link) {
    const known = [...this.#channels.values()].filter((each) => each.links.includes(link) && each.position);
    return Object.fromEntries(known.slice(0, PINGED).map(({ name, position }) => [name, position]));
  }

  /** The server says that channels have gone on, up to these positions. */
  catchUp(behind) {
    for (const [name, position] of Object.entries(behind)) {
      const channel = this.#channels.get(name);
      if (channel?.position && isPosition(position)) channel.catchUp(position);
    }
  }

  /** The server has ended subscriptions by itself: one may not have them any more. */
  expel(names) {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel) this.#refuse([channel], new RefusedError({ type: "error", code: "forbidden", channel: name }));
    }
  }

  /** A link has ended. */
  forget(link) {
    for (const channel of this.#channels.values()) channel.forget(link);
  }

  /** The client is closed. */
  finish(error) {
    for (const channel of this.#channels.values()) channel.finish(error);
    this.#channels.clear();
  }

  /** Batch after batch. What was refused for now rests for a while, and keeps nothing else waiting. */
  async #subscribeAll(link) {
    const resting = new Set();
    for (let size = BATCH, refusals = 0; ; ) {
      await this.#leaving;
      const missing = [...this.#channels.values()].filter(({ links }) => !links.includes(link));
      if (missing.length === 0 || !link.isOpen) return;
      const batch = missing.filter((channel) => !resting.has(channel)).slice(0, size);
      if (batch.length === 0) {
        await new Promise((wake) => this.#idle.push(wake));
        continue;
      }
      const error = await this.#ask(link, batch);
      if (error?.code === "rate_limited") {
        await this.#agenda.sleep(this.#pauseAfter(refusals++, error)); // whatever is asked for
      } else if (error?.retry) {
        this.#rest(resting, batch, this.#pauseAfter(refusals++, error));
        size = Math.ceil(batch.length / 2); // it may be about one of them
      } else if (error && !this.#refuse(batch, error)) {
        size = 1;
      }
    }
  }

  #rest(resting, batch, pause) {
    for (const channel of batch) resting.add(channel);
    this.#agenda.after(pause, () => {
      for (const channel of batch) resting.delete(channel);
      this.#resume();
    });
  }

  #resume() {
    for (const wake of this.#idle.splice(0)) wake();
    if (this.#serving()) this.subscribe(this.#serving());
  }

  /** Ask for these channels, perhaps in vain; returns the error when the server refused. */
  async #ask(link, batch) {
    for (const channel of batch) channel.ask(link);
    try {
      const request = { action: "channel.subscribe", channels: batch.map(({ wish }) => wish) };
      const answers = readAnswers(await link.request(request));
      for (const channel of batch) this.#start(link, channel, answers.get(channel.name));
      this.#onChange();
    } catch (error) {
      if (error instanceof RefusedError && link.isOpen) return error;
      if (error instanceof AnswerTimeoutError) return null;
      link.cut(error.message); // without a sensible answer nobody knows what it brings
    }
    return null;
  }

  #start(link, channel, answer) {
    if (!answer) throw new TypeError(`no answer about ${channel.name}`);
    if (this.#channels.get(channel.name) === channel) channel.start(link, answer);
    else this.#unsubscribe(link, channel.name);
  }

  /** End the subscription that was refused; returns whether one can tell which. */
  #refuse(batch, error) {
    const refused = batch.length === 1 ? batch[0] : batch.find(({ name }) => name === error.frame.channel);
    if (refused && this.#channels.get(refused.name) === refused) this.#channels.delete(refused.name);
    refused?.finish(error);
    this.#onChange();
    return Boolean(refused);
  }

  #leave(channel) {
    if (this.#channels.get(channel.name) !== channel) return;
    const { links } = channel;
    this.#channels.delete(channel.name);
    channel.finish(new ClosedError("the subscription was closed"));
    for (const link of links) this.#unsubscribe(link, channel.name);
    this.#onChange();
  }

  #unsubscribe(link, name) {
    const left = link.request({ action: "channel.unsubscribe", channels: [name] }).catch(() => {});
    this.#leaving = Promise.all([this.#leaving, left]); // or a subscription made meanwhile might be ended, too
  }
}
