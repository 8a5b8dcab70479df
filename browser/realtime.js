// The client of the wire protocol. It reconnects by itself and recovers missing publications.

import { Connector, backoff } from "./connector.js";
import { readPublication } from "./decoding.js";
import { ClosedError, RefusedError } from "./errors.js";
import { Outbox } from "./outbox.js";
import { SubscriptionRegistry } from "./registry.js";
import { SYSTEM_CLOCK, Timers } from "./timers.js";

export * from "./errors.js";

const QUEUE = 1_000; // items
const PUBLISH_TIMEOUT = 30_000; // ms
const RETRY_PAUSE = 500; // ms; the ceiling of the first pause before a refused request is retried
const REMEMBERED = 1_000; // messages
const PUSHES = ["message", "broadcast.report", "presence.joined", "presence.left", "session.expiring", "error"];

/** 128 random bits as text: an idempotency key, or the secret of a guest. */
export function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Documented in realtime.d.ts, events included. */
export class Client extends EventTarget {
  #url;
  #token;
  #ticket;
  #queue;
  #timers;
  #connector;
  #registry;
  #outbox;
  #connectedAt = null; // of the last connection; the next one replaces it
  #remembered = new Set();
  #unwatch = new AbortController();

  constructor(url, { token, ticket, queue = QUEUE, clock = SYSTEM_CLOCK, random = () => Math.random() } = {}) {
    super();
    this.#token = token;
    this.#ticket = ticket;
    this.#url = this.#isRenewable ? new URL(url).href : asGuest(url);
    this.#queue = queue;
    this.#timers = new Timers(clock);
    const pause = (failures, { wait }) => Math.max(backoff(failures, random, RETRY_PAUSE), wait);
    this.#outbox = new Outbox(this.#timers, (channel) => this.#route(channel), pause);
    this.#registry = new SubscriptionRegistry({
      timers: this.#timers,
      backoff: pause,
      serving: () => this.#connector.connection,
      onChange: () => this.#outbox.wake(),
    });
    this.#connector = new Connector({
      timers: this.#timers,
      random,
      address: () => this.#address(),
      isFinal: !this.#isRenewable,
      owner: {
        onState: (detail) => this.#enter(detail),
        onServe: (welcome) => this.#serve(welcome),
        onPush: (connection, frame) => this.#receive(connection, frame),
        onNotice: (_, { type, ...detail }) => this.#tell(type, detail),
        onBehind: (_, behind) => this.#registry.catchUp(behind),
        onEnd: (connection) => this.#registry.forget(connection),
        positions: (connection) => this.#registry.positions(connection),
        prepare: (connection) => this.#registry.subscribe(connection),
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
    return this.#registry.add(name, { since, limit: queue });
  }

  publish(channel, data, { timeout = PUBLISH_TIMEOUT, key = makeKey() } = {}) {
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

  /** Timers are late while a machine sleeps or a tab is hidden. These events are not. */
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
      this.#registry.finish(detail.error ?? new ClosedError("the client is closed"));
    }
    this.#outbox.wake();
    this.#tell("state", detail);
  }

  #serve({ connected_at }) {
    this.#connectedAt = connected_at;
    this.#outbox.wake();
    this.#registry.settle();
  }

  /** The connection in use, once it also has the subscription to the channel. */
  #route(name) {
    const { connection, state } = this.#connector;
    if (state === "closed") return undefined;
    return this.#registry.lacks(name, connection) ? null : connection;
  }

  // Frames that answer no request

  #receive(connection, frame) {
    if (frame.type === "publication") this.#receivePublication(connection, frame);
    else if (isRevocation(frame)) this.#registry.revoke(frame.channels);
    else if (frame.type === "disconnect") this.#dismiss(connection, frame);
    else if (frame.type === undefined && "connectionId" in frame) this.#tell("gateway", frame);
    else if (typeof frame.type !== "string") this.#tell("malformed", { data: frame });
    else if (!PUSHES.includes(frame.type)) this.#tell("unknown", frame);
    else if (!this.#isRepeated(connection, frame)) this.#tell(frame.type, frame);
    if (frame.type === "session.expiring" && this.#isRenewable) this.#connector.renew(connection);
  }

  #receivePublication(connection, frame) {
    const publication = readPublication(frame);
    if (publication) this.#registry.receive(connection, publication);
    else this.#tell("malformed", { data: frame });
  }

  #dismiss(connection, frame) {
    this.#tell("disconnect", frame);
    if (frame.reconnect === true) this.#connector.renew(connection);
    else this.#connector.close(new RefusedError(frame));
  }

  /** During a roll-over both connections bring every frame. */
  #isRepeated(connection, frame) {
    const { type, message_id: id } = frame;
    if (type.startsWith("presence.")) return this.#registry.isRepeat(connection, frame);
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

function isRevocation({ type, channels }) {
  return type === "channel.unsubscribed" && Array.isArray(channels);
}

/** A guest keeps one identity, so that the server recognises the idempotency keys of its retries. */
function asGuest(url) {
  return new URL(url).searchParams.has("client") ? url : extend(url, "client", makeKey());
}

function extend(url, name, value) {
  return `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}
