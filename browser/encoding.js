// What may be sent.

import { TooLargeError, UnsendableError } from "./errors.js";

const FRAME_LIMIT = 32_768; // bytes; API Gateway closes the connection for more
const HALF = /\p{Surrogate}/u; // of a pair
const DEPTH = 16; // arrays and objects within each other
const WIDTH = 1_024; // members of one of them

/** The text of a request. Throws a TooLargeError, or an UnsendableError for what would be refused without an `id`. */
export function encode(request) {
  const text = JSON.stringify(request);
  const size = new TextEncoder().encode(text).length;
  if (size > FRAME_LIMIT) throw new TooLargeError(size);
  check(JSON.parse(text), DEPTH);
  return text;
}

function check(value, levels) {
  if (typeof value === "string" && HALF.test(value)) throw new UnsendableError("a text with half a character");
  if (typeof value !== "object" || value === null) return;
  const members = Object.entries(value);
  if (levels === 0) throw new UnsendableError(`nested deeper than ${DEPTH} levels`);
  if (members.length > WIDTH) throw new UnsendableError("more than 1,024 members in an array or object");
  for (const [name, member] of members) {
    check(name, levels);
    check(member, levels - 1);
  }
}
