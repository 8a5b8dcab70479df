// The client of the wire protocol: a connection that comes back, channels that have missed nothing.

import { Agenda, SYSTEM_CLOCK } from "./agenda.js";
import { Connector, pauseAfter } from "./connector.js";
import { ClosedError, RefusedError } from "./errors.js";
import { Outbox } from "./outbox.js";
import { readPublication } from "./reading.js";
import { Roster } from "./roster.js";

export * from "./errors.js";

const QUEUE = 1_000; // items
const PUBLISHING = 30_000; // ms
const RETRY_PAUSE = 500; // ms, the longest first one, before what was refused is asked for again
const REMEMBERED = 1_000; // messages
const PUSHES = ["message", "broadcast.report", "presence.joined", "presence.left", "session.expiring", "error"];

/** 128 random bits, as text: an idempotency key, or the secret of a guest. */
export function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** See realtime.d.ts, which says what it does and which events it has. */
export class Client extends EventTarget {
  #url;
  #token;
  #ticket;
  #queue;
  #agenda;
  #connector;
  #roster;
  #outbox;
  #connectedAt = null; // of the last connection, which the next one replaces
  #remembered = new Set();
  #unwatch = new AbortController();

  constructor(url, { token, ticket, queue = QUEUE, clock = SYSTEM_CLOCK, random = () => Math.random() } = {}) {
    super();
    this.#token = token;
    this.#ticket = ticket;
    this.#url = this.#isRenewable ? new URL(url).href : asGuest(url);
    this.#queue = queue;
    this.#agenda = new Agenda(clock);
    const pause = (failures, { wait }) => Math.max(pauseAfter(failures, random, RETRY_PAUSE), wait);
    this.#outbox = new Outbox(this.#agenda, (channel) => this.#route(channel), pause);
    this.#roster = new Roster({
      agenda: this.#agenda,
      pauseAfter: pause,
      serving: () => this.#connector.link,
      onChange: () => this.#outbox.wake(),
    });
    this.#connector = new Connector({
      agenda: this.#agenda,
      random,
      address: () => this.#address(),
      isFinal: !this.#isRenewable,
      owner: {
        onState: (detail) => this.#enter(detail),
        onServe: (welcome) => this.#serve(welcome),
        onPush: (link, frame) => this.#receive(link, frame),
        onNotice: (_, { type, ...detail }) => this.#tell(type, detail),
        onBehind: (_, behind) => this.#roster.catchUp(behind),
        onEnd: (link) => this.#roster.forget(link),
        positions: (link) => this.#roster.positions(link),
        prepare: (link) => this.#roster.subscribe(link),
      },
    });
  }

  get #isRenewable() {
    return Boolean(this.#token || this.#ticket);
  }

  get state() {
    return this.#connector.state;
  }

  connect() {
    if (this.state === "idle") this.#watch();
    this.#connector.connect();
  }

  cut({ pause } = {}) {
    this.#connector.cut("cut on purpose", pause);
  }

  close() {
    this.#connector.close();
  }

  request(action, fields = {}, { timeout } = {}) {
    return this.#outbox.request({ action, ...fields }, timeout);
  }

  subscribe(name, { since = null, queue = this.#queue } = {}) {
    if (this.state === "closed") throw new ClosedError("the client is closed");
    return this.#roster.add(name, { since, limit: queue });
  }

  publish(channel, data, { timeout = PUBLISHING, key = makeKey() } = {}) {
    return this.#outbox.publish({ action: "channel.publish", channel, data, key }, timeout);
  }

  // The connection

  async #address() {
    const [token, ticket] = [await this.#token?.(), await this.#ticket?.()];
    const query = { ticket, replaces: this.#connectedAt };
    return {
      url: Object.entries(query).reduce((url, [name, value]) => (value ? extend(url, name, value) : url), this.#url),
      protocols: token ? ["realtime.v1", `bearer.${token}`] : [],
    };
  }

  /** Timers are late, or stand still, where a machine sleeps or a tab is hidden; these events are not. */
  #watch() {
    const { signal } = this.#unwatch;
    const wake = () => document.visibilityState === "visible" && this.#connector.wake();
    addEventListener("online", () => this.#connector.wake(), { signal });
    addEventListener("offline", () => this.#connector.cut("the network is gone"), { signal });
    addEventListener("pageshow", wake, { signal });
    document.addEventListener("visibilitychange", wake, { signal });
    document.addEventListener("resume", wake, { signal });
  }

  #enter(detail) {
    if (detail.state === "closed") {
      this.#unwatch.abort();
      this.#roster.finish(detail.error ?? new ClosedError("the client is closed"));
    }
    this.#outbox.wake();
    this.#tell("state", detail);
  }

  #serve({ connected_at }) {
    this.#connectedAt = connected_at;
    this.#outbox.wake();
    this.#roster.settle();
  }

  /** The link that serves, once it also has the subscription that lets one publish. */
  #route(name) {
    const { link, state } = this.#connector;
    if (state === "closed") return undefined;
    return this.#roster.lacks(name, link) ? null : link;
  }

  // What arrives unasked

  #receive(link, frame) {
    if (frame.type === "publication") this.#receivePublication(link, frame);
    else if (frame.type === "channel.unsubscribed" && Array.isArray(frame.channels)) this.#roster.expel(frame.channels);
    else if (frame.type === "disconnect") this.#dismiss(link, frame);
    else if (frame.type === undefined && "connectionId" in frame) this.#tell("gateway", frame);
    else if (typeof frame.type !== "string") this.#tell("malformed", { data: frame });
    else if (!PUSHES.includes(frame.type)) this.#tell("unknown", frame);
    else if (!this.#isRepeated(link, frame)) this.#tell(frame.type, frame);
    if (frame.type === "session.expiring" && this.#isRenewable) this.#connector.renew(link);
  }

  #receivePublication(link, frame) {
    const publication = readPublication(frame);
    if (publication) this.#roster.receive(link, publication);
    else this.#tell("malformed", { data: frame });
  }

  #dismiss(link, frame) {
    this.#tell("disconnect", frame);
    if (frame.reconnect === true) this.#connector.renew(link);
    else this.#connector.close(new RefusedError(frame));
  }

  /** While there are two connections, both tell of everything. */
  #isRepeated(link, frame) {
    const { type, message_id: id } = frame;
    if (type.startsWith("presence.")) return this.#roster.isRepeat(link, frame);
    if (type !== "message" || id === undefined) return false;
    const repeated = this.#remembered.has(id);
    this.#remembered.add(id);
    if (this.#remembered.size > REMEMBERED) this.#remembered.delete(this.#remembered.values().next().value);
    return repeated;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A guest is the same one with each connection, so that a publication sent again is known again. */
function asGuest(url) {
  return new URL(url).searchParams.has("client") ? url : extend(url, "client", makeKey());
}

function extend(url, name, value) {
  return `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}
