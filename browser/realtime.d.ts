/** The client of the wire protocol (docs/protocol.md) for browsers. Times are in milliseconds. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where a channel is. For comparing and for handing back, nothing else. */
export interface Position {
  epoch: string;
  offset: number;
}

export interface Sender {
  user_id: string;
  name: string;
}

/** What somebody published; `recovered` if it was missed at first. */
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
 * Publications that are lost, up to `position`: `unrecovered` and `lost`, the server no longer keeps them;
 * `overflow`, the application did not read in time.
 */
export interface Gap {
  type: "gap";
  channel: string;
  reason: "unrecovered" | "lost" | "overflow";
  position: Position | null;
}

/** A channel to read: each publication once and in order, or a gap in its place. */
export interface Subscription extends AsyncIterable<Publication | Gap> {
  readonly channel: string;
  /** What a subscription `since` goes on after, as far as this one was read; null without a history. */
  readonly position: Position | null;
  /** Settles when the server first says yes or no. */
  readonly ready: Promise<void>;
  /** The next item: `done` once it is closed. Rejects when the server says no. */
  next(): Promise<IteratorResult<Publication | Gap, undefined>>;
  /** Leave the channel. */
  close(): void;
}

export type State =
  | { state: "connecting"; code?: number; reason?: string }
  | { state: "connected"; welcome: Frame }
  /** `retryAt` is when the next attempt is, `code` and `reason` how the connection before it ended. */
  | { state: "waiting"; retryAt: number; code?: number; reason?: string }
  /** For good: by the application, or because of `error`. */
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
  /** A frame of API Gateway's own: {message, connectionId, requestId}. */
  gateway: Frame;
  /** A frame of a type, or of a version, that this client does not know; it is ignored. */
  unknown: Frame;
  newer: { v: number };
  /** What is no frame; it is ignored. */
  malformed: { data: unknown };
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  setTimeout(task: () => void, delay: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface Options {
  /** A token for `Sec-WebSocket-Protocol`, asked for with every attempt. */
  token?: () => string | Promise<string>;
  /** A ticket for the address, asked for with every attempt. */
  ticket?: () => string | Promise<string>;
  /** How many items of a subscription wait to be read (1,000). */
  queue?: number;
  clock?: Clock;
  /** At least 0, less than 1. */
  random?: () => number;
}

/** A connection that comes back, and subscriptions that have missed nothing. */
export class Client extends EventTarget {
  /** Without `token` and `ticket` it is a guest, the same one with every connection. */
  constructor(url: string, options?: Options);
  readonly state: "idle" | State["state"];
  /** Connect; while it waits for the next attempt, connect now. */
  connect(): void;
  /** Lose the connection, as a network would: it comes back by itself, after `pause` if that is given. */
  cut(options?: { pause?: number }): void;
  /** Close for good. */
  close(): void;
  /** Send a request, once connected. Resolves with the reply; rejects with a RealtimeError, after `timeout` (10,000). */
  request(action: string, fields?: { [name: string]: unknown }, options?: { timeout?: number }): Promise<Frame>;
  /**
   * Subscribe, and again with each connection. Throws a RealtimeError if there is a subscription to this channel, or
   * the client is closed, and a RangeError for what can be no channel's name or no position.
   */
  subscribe(channel: string, options?: { since?: Position | null; queue?: number }): Subscription;
  /**
   * Publish, with the same `key` again and again until it is acknowledged or `timeout` (30,000) is over. What is
   * published on one channel stays in order. Rejects with a RealtimeError.
   */
  publish(channel: string, data: Json, options?: { timeout?: number; key?: string }): Promise<Frame>;
  addEventListener<Name extends keyof Events>(
    type: Name,
    listener: (event: CustomEvent<Events[Name]>) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

/** 128 random bits, as text: an idempotency key, or the secret of a guest. */
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

/** There was no connection, or it ended before the answer: the request may have been carried out or not. */
export class ConnectionLostError extends RealtimeError {}

/** The answer did not come in time: the request may have been carried out or not. */
export class AnswerTimeoutError extends RealtimeError {}

/** Not sent: API Gateway closes the connection for a frame of more than 32,768 bytes. */
export class TooLargeError extends RealtimeError {
  constructor(size: number);
  /** Bytes. */
  readonly size: number;
}

/** Not sent: the server could not read it. Half a surrogate pair, more than 16 levels, or more than 1,024 members. */
export class UnsendableError extends RealtimeError {}

/** The client, or the subscription, was closed. */
export class ClosedError extends RealtimeError {}
