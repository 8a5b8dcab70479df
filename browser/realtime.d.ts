/** The client of the wire protocol (docs/protocol.md) for browsers. Times are in milliseconds. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A position in a channel. Keep it and pass it back as `since`; its members have no other use. */
export interface Position {
  epoch: string;
  offset: number;
}

export interface Sender {
  user_id: string;
  name: string;
}

/** A publication. `recovered` is set if it was missed at first. */
export interface Publication {
  type: "publication";
  channel: string;
  position: Position | null;
  sender: Sender;
  data: Json;
  sent_at: number;
  recovered?: true;
}

/**
 * Publications up to `position` are lost. With `unrecovered` and `lost` the server no longer keeps them. With
 * `overflow` the application did not read in time.
 */
export interface Gap {
  type: "gap";
  channel: string;
  reason: "unrecovered" | "lost" | "overflow";
  position: Position | null;
}

/** A channel to read: each publication once and in order. A gap stands where some are missing. */
export interface Subscription extends AsyncIterable<Publication | Gap> {
  readonly channel: string;
  /** The position of the last item that was read. Pass it as `since`. Null without a history. */
  readonly position: Position | null;
  /** Resolves when the server accepts the subscription, rejects when it refuses. */
  readonly ready: Promise<void>;
  /** The next item. It is `done` after `close`, and rejects when the server refuses the subscription. */
  next(): Promise<IteratorResult<Publication | Gap, undefined>>;
  /** Leave the channel. */
  close(): void;
}

export type State =
  | { state: "connecting"; code?: number; reason?: string }
  | { state: "connected"; welcome: Frame }
  /** `retryAt` is the time of the next attempt. `code` and `reason` say how the last connection ended. */
  | { state: "waiting"; retryAt: number; code?: number; reason?: string }
  /** The end: the application closed the client, or `error` did. */
  | { state: "closed"; error: RealtimeError | null };

/** A frame of the server. */
export interface Frame {
  type?: string;
  [field: string]: unknown;
}

/** The events of a client, and the `detail` of each. */
export interface Events {
  state: State;
  message: Frame;
  "broadcast.report": Frame;
  "presence.joined": Frame;
  "presence.left": Frame;
  /** The session ends `within` seconds. */
  "session.expiring": Frame;
  /** The server is about to end the connection. */
  disconnect: Frame;
  /** An error that answers no request. */
  error: Frame;
  /** A frame that API Gateway sends by itself: {message, connectionId, requestId}. */
  gateway: Frame;
  /** A frame of a type or version that this client does not know. It is ignored. */
  unknown: Frame;
  newer: { v: number };
  /** Data that is not a frame. It is ignored. */
  malformed: { data: unknown };
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  setTimeout(task: () => void, delay: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface Options {
  /** Returns a token for `Sec-WebSocket-Protocol`. Called before every attempt. */
  token?: () => string | Promise<string>;
  /** Returns a ticket for the address. Called before every attempt. */
  ticket?: () => string | Promise<string>;
  /** How many unread items a subscription keeps (1,000). */
  queue?: number;
  clock?: Clock;
  /** At least 0, less than 1. */
  random?: () => number;
}

/** A client that reconnects by itself and recovers missing publications. */
export class Client extends EventTarget {
  /** Without `token` and `ticket` the client is a guest, the same one on every connection. */
  constructor(url: string, options?: Options);
  readonly state: "idle" | State["state"];
  /** Connect now, also during the pause before the next attempt. */
  connect(): void;
  /** Cut the connection, as a network failure would. The client reconnects, after `pause` ms if given. */
  cut(options?: { pause?: number }): void;
  /** Close for good. */
  close(): void;
  /** Send a request once connected. Resolves with the reply, rejects with a RealtimeError. `timeout` is 10,000 ms. */
  request(action: string, fields?: { [name: string]: unknown }, options?: { timeout?: number }): Promise<Frame>;
  /**
   * Subscribe on this connection and on all later ones. Throws a RealtimeError if there is a subscription to the
   * channel already or the client is closed. Throws a RangeError if the name or `since` is invalid.
   */
  subscribe(channel: string, options?: { since?: Position | null; queue?: number }): Subscription;
  /**
   * Publish. The client retries with the same idempotency `key` until the server acknowledges or `timeout` (30,000 ms)
   * is over. Publications of one channel stay in order. Rejects with a RealtimeError.
   */
  publish(channel: string, data: Json, options?: { timeout?: number; key?: string }): Promise<Frame>;
  addEventListener<Name extends keyof Events>(
    type: Name,
    listener: (event: CustomEvent<Events[Name]>) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

/** 128 random bits as text: an idempotency key, or the secret of a guest. */
export function makeKey(): string;

export class RealtimeError extends Error {}

/** The server answered with an error frame, or ended a connection or a subscription for good. */
export class RefusedError extends RealtimeError {
  constructor(frame: Frame);
  readonly frame: Frame;
  readonly code: string;
  /** Whether the same may succeed later. */
  readonly retry: boolean;
  /** How long to wait before that, at least. */
  readonly wait: number;
}

/** There was no connection, or it ended before the reply. The request may have been carried out or not. */
export class ConnectionLostError extends RealtimeError {}

/** The reply did not come in time. The request may have been carried out or not. */
export class AnswerTimeoutError extends RealtimeError {}

/** Not sent. API Gateway closes the connection for a frame of more than 32,768 bytes. */
export class TooLargeError extends RealtimeError {
  constructor(size: number);
  /** Bytes. */
  readonly size: number;
}

/** Not sent, because the server could not read it: a lone surrogate, over 16 levels, or over 1,024 members. */
export class UnsendableError extends RealtimeError {}

/** The client, or the subscription, was closed. */
export class ClosedError extends RealtimeError {}
