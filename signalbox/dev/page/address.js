// Where the page connects to: the stage of its own server, or what `?url=` says.

import { makeKey } from "./realtime/realtime.js";

const parameters = new URLSearchParams(location.search);
const STAGE = parameters.get("stage") ?? "local";
const SCHEME = location.protocol === "https:" ? "wss" : "ws";
const BASE = parameters.get("url") ?? `${SCHEME}://${location.host}/${STAGE}`;

/** What is wrong with the address of this page, in words; null if nothing is. */
export function addressProblem() {
  if (!/^[A-Za-z0-9_-]+$/.test(STAGE)) {
    return "The stage in this page's address may hold only letters, digits, - and _.";
  }
  if (!/^wss?:\/\/[^\s#]+$/.test(BASE)) {
    return "The url in this page's address must be one of a WebSocket: wss://… or ws://…";
  }
  return null;
}

/** The address for somebody of this name, who is the same guest until the tab is closed. */
export function address(name) {
  const guest = sessionStorage.getItem("guest") ?? makeKey();
  sessionStorage.setItem("guest", guest);
  const query = `name=${encodeURIComponent(name)}&client=${guest}`;
  return BASE + (BASE.includes("?") ? "&" : "?") + query;
}
