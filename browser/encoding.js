// Encodes requests and checks what the server would refuse.

import { TooLargeError, UnsendableError } from "./errors.js";

const FRAME_LIMIT = 32_768; // bytes; API Gateway closes the connection for more
const LONE_SURROGATE = /\p{Surrogate}/u; // without its other half
const DEPTH = 16; // levels of arrays and objects
const WIDTH = 1_024; // members of an array or object

/** The text of a request. Throws a TooLargeError, or an UnsendableError where the server could not name the request. */
export function encode(request) {
  const text = JSON.stringify(request);
  const size = new TextEncoder().encode(text).length;
  if (size > FRAME_LIMIT) throw new TooLargeError(size);
  check(JSON.parse(text), DEPTH);
  return text;
}

function check(value, levels) {
  if (typeof value === "string" && LONE_SURROGATE.test(value)) {
    throw new UnsendableError("a text with half a character");
  }
  if (typeof value !== "object" || value === null) return;
  const members = Object.entries(value);
  if (levels === 0) throw new UnsendableError(`nested deeper than ${DEPTH} levels`);
  if (members.length > WIDTH) throw new UnsendableError("more than 1,024 members in an array or object");
  for (const [name, member] of members) {
    check(name, levels);
    check(member, levels - 1);
  }
}
