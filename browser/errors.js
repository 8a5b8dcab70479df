// The errors of requests and subscriptions.

/** The base class of all errors. */
export class RealtimeError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** The server answered with an error frame. */
export class RefusedError extends RealtimeError {
  constructor(frame) {
    super(String(frame.code));
    this.frame = frame;
    this.code = frame.code;
    this.retry = frame.retry === true;
    this.wait = Number.isFinite(frame.retry_after) ? frame.retry_after * 1_000 : 0;
  }
}

/** There was no connection, or it ended before the reply. The request may have been carried out or not. */
export class ConnectionLostError extends RealtimeError {}

/** The reply did not come in time. The request may have been carried out or not. */
export class AnswerTimeoutError extends RealtimeError {}

/** Not sent. API Gateway closes the connection for a frame of more than 32,768 bytes. */
export class TooLargeError extends RealtimeError {
  constructor(size) {
    super(`${size.toLocaleString("en")} bytes are too many, the limit is 32,768`);
    this.size = size;
  }
}

/** Not sent. The server could not read the request, and its error could not name it. */
export class UnsendableError extends RealtimeError {}

/** The client, or the subscription, was closed. */
export class ClosedError extends RealtimeError {}
