// The page: what the connection tells goes on the screen, what the person does goes to the connection.

import { Connection } from "./connection.js";
import { People, fetchPeople } from "./people.js";
import { Transcript } from "./transcript.js";
import { describeClose, describeData, describeDelivery, describeError, describeGatewayFrame } from "./words.js";

const STAGE = new URLSearchParams(location.search).get("stage") ?? "local";
const REFRESH_EVERY = 30_000; // ms
const REFRESH_GAP = 3_000; // ms between two refreshes that nobody asked for
const STATES = { idle: "Not connected", connecting: "Connecting", open: "Online", lost: "Offline" };

const $ = (id) => document.getElementById(id);
const transcript = new Transcript($("log"));
const people = new People($("people"), ({ name }) => ($("audience").textContent = name));
let connection = null;
let me = null;
let garbageNoted = false;
let refreshedAt = 0;
let refreshTimer = 0;
let countdown = 0;

// Joining and leaving

function join(name) {
  sessionStorage.setItem("name", name);
  $("name").value = name;
  $("my-name").textContent = name;
  showRoom(true);
  $("text").focus();
  connection = new Connection(address(name));
  connection.addEventListener("state", ({ detail }) => showState(detail));
  connection.addEventListener("end", ({ detail }) => transcript.note(describeClose(detail)));
  connection.addEventListener("frame", ({ detail }) => receive(detail));
  connection.addEventListener("garbage", noteGarbage);
  connection.open();
}

function leave() {
  connection.close();
  connection = null;
  sessionStorage.removeItem("name");
  showState({ state: "idle" });
  showRoom(false);
  $("name").select();
}

function address(name) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/${STAGE}?name=${encodeURIComponent(name)}`;
}

function showRoom(shown) {
  $("room").hidden = !shown;
  $("actions").hidden = !shown;
  $("join").hidden = shown;
}

// The connection

function showState({ state, retryAt }) {
  $("state").dataset.state = state;
  $("state-words").textContent = STATES[state];
  $("link").textContent = state === "lost" ? "Reconnect now" : "Drop connection";
  clearInterval(countdown);
  $("countdown").textContent = "";
  if (state === "lost") {
    const show = () => {
      const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      $("countdown").textContent = `retrying in ${seconds} s`;
    };
    show();
    countdown = setInterval(show, 250);
  }
  if (state === "open") greet();
}

async function greet() {
  try {
    me = await connection.request("whoami");
    $("my-name").textContent = me.name;
    $("my-id").textContent = me.user_id;
  } catch (error) {
    if (error.frame) transcript.note(`Who you are is unknown: ${describeError(error.frame)}`, "error");
  }
  refresh();
}

function receive(frame) {
  if (frame.type === "message") {
    showMessage(frame);
  } else if (frame.type === "error") {
    transcript.note(`Refused: ${describeError(frame)}`, "error");
  } else if (typeof frame.message === "string" && "connectionId" in frame) {
    transcript.note(`Error: ${describeGatewayFrame(frame)}`, "error");
  }
}

function showMessage({ message_id: id, sent_at: at, audience, sender, data }) {
  const own = sender?.user_id === me?.user_id;
  const name = String(sender?.name) + (own ? " (you)" : "");
  transcript.add({ id, at, name, text: describeData(data), direct: audience === "you", own });
  if (!people.has(sender?.user_id)) refreshSoon();
}

function noteGarbage() {
  if (!garbageNoted) transcript.note("The server sent something that is not of the protocol; it is left out.");
  garbageNoted = true;
}

// Who is connected

async function refresh() {
  clearTimeout(refreshTimer);
  refreshTimer = 0;
  refreshedAt = Date.now();
  try {
    const { people: found, more } = await fetchPeople(connection);
    people.show(found, me?.user_id);
    $("count").textContent = `(${found.length}${more ? " or more" : ""})`;
  } catch {
    $("count").textContent = "(not up to date)";
  }
}

function refreshSoon() {
  refreshTimer ||= setTimeout(refresh, Math.max(0, refreshedAt + REFRESH_GAP - Date.now()));
}

// Writing

async function send() {
  const { user_id: to, name } = people.chosen;
  const text = $("text").value;
  const data = { text };
  $("receipt").textContent = "Sending…";
  $("text").value = "";
  try {
    const reply = await (to
      ? connection.request("direct.send", { to, data })
      : connection.request("broadcast", { data }));
    $("receipt").textContent = describeDelivery(reply);
    // A direct message comes back to nobody but its addressee.
    if (to && to !== me?.user_id) showSent(reply.message_id, name, text);
  } catch (error) {
    $("receipt").textContent = error.frame ? `Not sent: ${describeError(error.frame)}` : error.message;
    $("text").value ||= text;
    if (error.frame?.code === "not_found") refresh();
  }
}

function showSent(id, name, text) {
  transcript.add({ id, at: Date.now(), name: `You to ${name}`, text, direct: true, own: true });
}

// What the person does

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  join($("name").value.trim());
});
$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("link").addEventListener("click", () => (connection.isLost ? connection.open() : connection.drop()));
$("refresh").addEventListener("click", refresh);
$("rename").addEventListener("click", leave);
addEventListener("online", () => connection?.open());
setInterval(() => connection && !document.hidden && refresh(), REFRESH_EVERY);

if (!/^[A-Za-z0-9_-]+$/.test(STAGE)) {
  $("join").replaceChildren("The stage in this page's address may hold only letters, digits, - and _.");
} else if (sessionStorage.getItem("name")) {
  join(sessionStorage.getItem("name"));
}
