// The texts of the page: errors, close codes and other facts, described for people.

const ERRORS = {
  bad_request: "the server could not read this",
  invalid_message: "a field is missing or wrong",
  unknown_route: "the server knows no such action",
  too_large: "too large: the limit is 32,768 bytes",
  unauthorized: "you are not signed in, or no longer",
  forbidden: "you may not do this",
  logged_out: "you were logged out",
  unknown_channel: "there are no such rooms here",
  too_many_subscriptions: "these are too many rooms for one connection",
  history_gone: "the server no longer keeps it",
  not_found: "this person is no longer connected",
  conflict: "somebody else changed the same thing; try again",
  rate_limited: "too fast; wait a moment",
  connection_gone: "the server no longer knows this connection; reconnect",
  unavailable: "the backend is unavailable; try again in a moment",
  internal: "the backend failed; its log knows the request",
};

const PROBLEMS = {
  AnswerTimeoutError: "no answer; it may have arrived all the same",
  ConnectionLostError: "the connection is lost; it may have arrived all the same",
};

const GATEWAY = {
  "Forbidden": "API Gateway has no route for this message",
  "Internal server error": "the backend failed or gave no valid answer",
  "Endpoint request timed out": "the backend took longer than 29 seconds",
};

const CLOSES = {
  1000: "closed normally",
  1001: "the server is going away, or the connection was idle or too old",
  1003: "the server does not take binary frames",
  1005: "closed without a reason",
  1006: "the server or the network is gone",
  1009: "a frame was too large",
  1011: "the server failed",
  1012: "the server restarts",
  1013: "the server is overloaded",
};

/** An error frame of the protocol. */
export function describeError(frame) {
  const words = ERRORS[frame.code] ?? String(frame.code);
  const problems = Array.isArray(frame.fields) ? frame.fields.map((p) => `${p?.field}: ${p?.problem}`) : [];
  const request = frame.request_id ? ` (request ${frame.request_id})` : "";
  return [words, ...problems].join("; ") + request;
}

/** A frame of API Gateway's own. */
export function describeGatewayFrame(frame) {
  return GATEWAY[frame.message] ?? `API Gateway says: ${frame.message}`;
}

/** Why a connection ended, or never came about. */
export function describeClose({ code, reason }, opened) {
  if (!opened) return "No connection: the backend is not running, or refuses this stage or name";
  if (reason === "cut on purpose") return "You cut the connection";
  const why = code ? ` (${code}): ${CLOSES[code] ?? "an unknown reason"}` : "";
  return `Connection lost${why}` + (reason ? `, “${reason}”` : "");
}

/** The reply to a direct message: how many connections it reached. */
export function describeDelivery({ sent, recipients, gone, slow, failed, complete }) {
  const lost = Object.entries({ gone, slow, failed }).filter(([, count]) => count);
  const rest = lost.map(([name, count]) => `${count} ${name}`).join(", ");
  return `Sent to ${sent} of ${recipients}` + (rest && ` (${rest})`) + (complete === false ? ", the rest follows" : "");
}

/** The answer to a message in a room. */
export function describePublished({ delivery }) {
  return delivery === "queued" ? "Stored; the room is large, it is on its way" : "Stored";
}

/** What went wrong with a request or a subscription. */
export function describeProblem(error) {
  if (error.frame) return describeError(error.frame);
  return PROBLEMS[error.name] ?? error.message;
}

/** What is missing in a room, and why. */
export function describeGap({ reason }) {
  return reason === "overflow"
    ? "Messages are missing here: this page was too slow for them."
    : "Messages are missing here: the server does not keep them for so long.";
}

/** Who is typing. */
export function describeTyping(names) {
  if (names.length > 2) return `${names.length} people are typing …`;
  return names.length ? `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing …` : "";
}

/** How long something took. */
export function describeDuration(milliseconds) {
  const seconds = Math.max(1, Math.round(milliseconds / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** What somebody said: the text of {"text": …}, otherwise the JSON. */
export function describeData(data) {
  return typeof data?.text === "string" && Object.keys(data).length === 1 ? data.text : JSON.stringify(data);
}
