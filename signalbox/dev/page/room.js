// A room: the channel `room:<name>`, and `live:<name>` for who is typing.

import { ClosedError } from "./realtime/realtime.js";
import { Transcript } from "./transcript.js";
import { describeData, describeGap, describeProblem } from "./descriptions.js";

const HISTORY = 50; // messages shown on joining
const TYPING_EVERY = 3_000; // ms between two signs of typing
const TYPING_FOR = 5_000; // ms a sign is good for

/** Events: `people`, `typing`, and `said` when somebody else has said something. */
export class Room extends EventTarget {
  #client;
  #me;
  #said;
  #live;
  #users = new Map(); // by user id: the connections, by when they began
  #typing = new Map(); // by user id: the name, and the timer that ends it
  #typedAt = 0;
  #pending = []; // {text, entry}, not yet back from the server

  transcript = new Transcript();
  unread = 0;

  /** `me` gives the welcome, null before there was one. */
  constructor(client, name, me) {
    super();
    this.name = name;
    this.#client = client;
    this.#me = me;
    this.#said = client.subscribe(`room:${name}`);
    // Typing is said on a channel without history: nobody wants to know later that somebody typed.
    this.#live = client.subscribe(`live:${name}`);
    this.#read();
    this.#watchTyping();
  }

  /** Who is here: [{user_id, name}]. */
  get people() {
    const me = this.#me();
    const others = [...this.#users].filter(([user_id]) => user_id !== me?.user_id);
    const people = others.map(([user_id, lines]) => ({ user_id, name: [...lines.values()].at(-1) }));
    return me ? [...people, me] : people;
  }

  /** The names of those who are typing. */
  get typing() {
    return [...this.#typing.values()].map(({ name }) => name);
  }

  close() {
    this.#said.close();
    this.#live.close();
  }

  /** Say something; resolves once it is stored. Rejects with a RealtimeError. */
  async say(text) {
    const sender = { user_id: this.#me()?.user_id, name: "" };
    const entry = this.transcript.add({ at: Date.now(), sender, text, own: true, mark: "sending", pending: true });
    const pending = { text, entry };
    this.#pending.push(pending);
    this.#typedAt = 0;
    try {
      return await this.#client.publish(`room:${this.name}`, { text });
    } finally {
      this.#settle(pending);
    }
  }

  /** Let the others know that one is typing, now and then. */
  type() {
    const now = Date.now();
    if (this.#client.state !== "connected" || now - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = now;
    const request = { channel: `live:${this.name}`, data: { typing: true } };
    this.#client.request("channel.publish", request).catch(() => {}); // it is not worth a word, nor another try
  }

  /** Ask who is here. */
  async refresh() {
    try {
      const { users } = await this.#client.request("presence.get", { channel: `room:${this.name}` });
      this.#users = new Map(users.map((user) => [user.user_id, toLines(user.connections)]));
      this.#tell("people");
    } catch {
      // Without a connection there is no answer; it is asked again when there is one.
    }
  }

  /** Somebody's connection came or went: a frame of the protocol. */
  notePresence({ type, user_id, connection }) {
    const lines = this.#users.get(user_id) ?? new Map();
    const wasHere = lines.size > 0;
    if (type === "presence.joined") lines.set(connection.connected_at, connection.name);
    else lines.delete(connection.connected_at);
    const isHere = lines.size > 0;
    if (isHere) this.#users.set(user_id, lines);
    else this.#users.delete(user_id);
    if (wasHere !== isHere) this.transcript.note(`${connection.name} ${isHere ? "joined" : "left"}`);
    if (!isHere) this.#stopTyping(user_id);
    this.#tell("people");
  }

  async #read() {
    try {
      await this.#said.ready;
      await this.#showHistory(this.#said.position);
      this.refresh();
      for await (const item of this.#said) this.#show(item);
    } catch (error) {
      if (error instanceof ClosedError) return;
      this.transcript.note(`No way into this room: ${describeProblem(error)}`, "error");
    }
  }

  async #showHistory(position) {
    try {
      const request = { channel: `room:${this.name}`, reverse: true, limit: HISTORY };
      const { publications } = await this.#client.request("channel.history", request);
      // What came after the subscription began comes through it.
      const before = publications.filter((each) => each.position.offset <= position.offset);
      for (const publication of before.reverse()) this.#add(publication);
    } catch (error) {
      this.transcript.note(`What was said before is not known: ${describeProblem(error)}`, "error");
    }
  }

  #show(item) {
    if (item.type === "gap") {
      this.transcript.note(describeGap(item), "error");
    } else {
      this.#settle(this.#pending.find(({ text }) => this.#isMine(item) && text === item.data?.text));
      this.#stopTyping(item.sender?.user_id);
      this.#add(item);
      if (!this.#isMine(item)) this.#tell("said");
    }
  }

  #add(publication) {
    const { sender, data, sent_at: at, recovered } = publication;
    const own = this.#isMine(publication);
    this.transcript.add({ at, sender, text: describeData(data), own, mark: recovered && !own ? "missed" : "" });
  }

  #isMine({ sender }) {
    return sender?.user_id === this.#me()?.user_id;
  }

  /** It is back from the server, or has failed. */
  #settle(pending) {
    pending?.entry.remove();
    this.#pending = this.#pending.filter((each) => each !== pending);
  }

  async #watchTyping() {
    try {
      for await (const { sender } of this.#live) if (!this.#isMine({ sender })) this.#noteTyping(sender);
    } catch {
      // Then nobody sees who is typing.
    }
  }

  #noteTyping({ user_id, name }) {
    clearTimeout(this.#typing.get(user_id)?.timer);
    const timer = setTimeout(() => this.#stopTyping(user_id), TYPING_FOR);
    this.#typing.set(user_id, { name, timer });
    this.#tell("typing");
  }

  #stopTyping(userId) {
    clearTimeout(this.#typing.get(userId)?.timer);
    if (this.#typing.delete(userId)) this.#tell("typing");
  }

  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

function toLines(connections) {
  return new Map(connections.map(({ name, connected_at }) => [connected_at, name]));
}
