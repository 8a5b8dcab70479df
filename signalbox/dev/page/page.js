// The page: what the client tells goes on the screen, what the person does goes to the client.

import { address, addressProblem } from "./address.js";
import { element } from "./elements.js";
import { People } from "./people.js";
import { Client } from "./realtime/realtime.js";
import { Room } from "./room.js";
import * as descriptions from "./descriptions.js";

const REFRESH_EVERY = 120_000; // ms; large rooms are not told who comes and goes
const CUT_FOR = 10_000; // ms, so that there is something to miss
const FIRST_ROOM = "lobby";
const STATES = {
  idle: "Not connected",
  connecting: "Connecting",
  connected: "Online",
  waiting: "Offline",
  closed: "Closed",
};

const $ = (id) => document.getElementById(id);
const people = new People($("people"), showAudience);
const rooms = new Map();
let client = null;
let room = null; // the one that is shown
let me = null;
let lostAt = null;
let garbageNoted = false;
let countdown = 0;

// Joining and leaving

function join(name) {
  sessionStorage.setItem("name", name);
  $("name").value = name;
  $("my-name").textContent = name;
  client = new Client(address(name));
  listen();
  for (const each of rememberedRooms()) open(each);
  show(rooms.get(location.hash.slice(1)) ?? rooms.values().next().value);
  showChat(true);
  $("text").focus();
  client.connect();
}

function quit() {
  const left = client;
  client = room = me = lostAt = null; // what it still has to say is of no interest
  left.close();
  rooms.clear();
  sessionStorage.removeItem("name");
  showState({ state: "idle" });
  showChat(false);
  $("name").select();
}

function showChat(shown) {
  $("chat").hidden = !shown;
  $("actions").hidden = !shown;
  $("join").hidden = shown;
}

// The connection

function listen() {
  const receive = (type, take) => client.addEventListener(type, ({ detail }) => client && take(detail));
  receive("state", noteState);
  receive("message", showMessage);
  receive("presence.joined", notePresence);
  receive("presence.left", notePresence);
  receive("error", (frame) => note(`Refused: ${descriptions.describeError(frame)}`, "error"));
  receive("gateway", (frame) => note(`Error: ${descriptions.describeGatewayFrame(frame)}`, "error"));
  receive("malformed", noteGarbage);
}

function noteState(detail) {
  showState(detail);
  if (detail.state === "connected") greet(detail.welcome);
  if (detail.state === "closed") note(`The server ended it: ${descriptions.describeProblem(detail.error)}`, "error");
  if (detail.state === "waiting" && lostAt === null) {
    lostAt = Date.now();
    note(descriptions.describeClose(detail, me !== null));
  }
}

function showState({ state, retryAt }) {
  $("state").dataset.state = state;
  $("state-words").textContent = STATES[state];
  $("link").textContent = state === "waiting" ? "Reconnect now" : "Cut the connection";
  $("banner").hidden = state !== "waiting";
  for (const control of $("open").elements) control.disabled = state === "closed";
  clearInterval(countdown);
  $("countdown").textContent = "";
  if (state === "waiting") {
    const show = () => {
      const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      $("countdown").textContent = `retrying in ${seconds} s`;
    };
    show();
    countdown = setInterval(show, 250);
  }
}

function greet(welcome) {
  if (me && lostAt !== null) note(`Back after ${descriptions.describeDuration(Date.now() - lostAt)}`);
  lostAt = null;
  me = welcome;
  $("my-name").textContent = me.name;
  $("my-id").textContent = me.user_id;
  for (const each of rooms.values()) each.refresh();
}

function noteGarbage() {
  if (!garbageNoted) note("The server sent something that is not of the protocol; it is left out.");
  garbageNoted = true;
}

function note(text, kind) {
  for (const each of rooms.values()) each.transcript.note(text, kind);
}

// Rooms

function rememberedRooms() {
  const remembered = JSON.parse(sessionStorage.getItem("rooms") ?? "null") ?? [FIRST_ROOM];
  const linked = location.hash.slice(1);
  return new Set(isRoomName(linked) ? [...remembered, linked] : remembered);
}

function isRoomName(name) {
  return /^[A-Za-z0-9_.-]{1,32}$/.test(name);
}

function open(name) {
  if (rooms.has(name)) return;
  const opened = new Room(client, name, () => me);
  opened.addEventListener("people", () => opened === room && showPeople());
  opened.addEventListener("typing", () => opened === room && showTyping());
  opened.addEventListener("said", () => opened !== room && countUnread(opened));
  rooms.set(name, opened);
}

function show(shown) {
  room = shown;
  room.unread = 0;
  location.hash = room.name;
  sessionStorage.setItem("rooms", JSON.stringify([...rooms.keys()]));
  $("title").textContent = `# ${room.name}`;
  $("leave").hidden = rooms.size === 1;
  room.transcript.showIn($("log"));
  people.reset();
  showPeople();
  showTyping();
  showRooms();
}

function leave() {
  room.close();
  rooms.delete(room.name);
  show(rooms.values().next().value);
  $("text").focus();
}

function countUnread(other) {
  other.unread += 1;
  showRooms();
}

function showRooms() {
  const focused = document.activeElement?.dataset.room;
  $("rooms").replaceChildren(...[...rooms.values()].map(drawRoom));
  if (focused) $("rooms").querySelector(`[data-room="${focused}"]`)?.focus();
}

function drawRoom(each) {
  const button = element("button", [element("span", `# ${each.name}`)]);
  if (each.unread) button.append(element("small", `${each.unread} new`));
  button.type = "button";
  button.dataset.room = each.name;
  button.ariaCurrent = each === room ? "true" : null;
  button.addEventListener("click", () => show(each));
  return element("li", [button]);
}

function showPeople() {
  const here = room.people;
  people.show(here, me?.user_id);
  $("count").textContent = here.length ? `(${here.length})` : "";
}

function showTyping() {
  $("typing").textContent = descriptions.describeTyping(room.typing);
}

function showAudience({ user_id: to, name }) {
  $("audience").textContent = to ? `${name} alone` : "everyone";
}

function notePresence(frame) {
  rooms.get(String(frame.channel).replace(/^room:/, ""))?.notePresence(frame);
}

// Writing

async function send() {
  const { user_id: to, name } = people.chosen;
  const text = $("text").value;
  $("receipt").textContent = client.state === "connected" ? "Sending …" : "Waiting for the connection …";
  $("text").value = "";
  try {
    $("receipt").textContent = to ? await sendAlone(to, name, text) : descriptions.describePublished(await room.say(text));
  } catch (error) {
    $("receipt").textContent = `Not sent: ${descriptions.describeProblem(error)}`;
    $("text").value ||= text;
  }
}

async function sendAlone(to, name, text) {
  const { transcript } = room;
  const reply = await client.request("direct.send", { to, data: { text } });
  // A direct message comes back to nobody but its addressee.
  if (to !== me?.user_id) transcript.add({ at: Date.now(), sender: me, text, own: true, direct: name });
  return descriptions.describeDelivery(reply);
}

function showMessage({ sent_at: at, audience, sender, data }) {
  const direct = audience === "you" ? "you" : "";
  const mark = direct ? "" : "to everybody, everywhere";
  room.transcript.add({ at, sender, text: descriptions.describeData(data), direct, mark });
}

// What the person does

function onSubmit(id, act) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

onSubmit("join", () => join($("name").value.trim()));
onSubmit("compose", send);
onSubmit("open", () => {
  open($("room-name").value);
  show(rooms.get($("room-name").value));
  $("room-name").value = "";
  $("text").focus();
});
$("text").addEventListener("input", () => people.chosen.user_id || room.type());
$("link").addEventListener("click", () => {
  if (client.state === "waiting") client.connect();
  else client.cut({ pause: CUT_FOR });
});
$("rename").addEventListener("click", quit);
$("leave").addEventListener("click", leave);
addEventListener("hashchange", () => {
  const linked = rooms.get(location.hash.slice(1));
  if (linked) show(linked);
});
document.addEventListener("securitypolicyviolation", () => {
  note("This page may connect to its own server only.", "error");
});
setInterval(() => client && !document.hidden && room.refresh(), REFRESH_EVERY);

const problem = addressProblem();
if (problem) $("join").replaceChildren(problem);
else if (sessionStorage.getItem("name")) join(sessionStorage.getItem("name"));
