/** What this page knows, as seen by the person it speaks for; the stream keeps it current. */
import { get } from "./api.js";

export const state = {
  team: { name: "Workspace" }, users: [], channels: [], commands: [], demo: false,
  me: null, channel: null, tab: "messages", thread: null,
  messages: {}, ephemerals: [], views: [], home: null, connected: true,
};

const seen = JSON.parse(sessionStorage.getItem("seen") ?? "{}");
const listeners = [];
let stream = null;
let waiting = null;
let drawing = false;

export const onChange = (listener) => listeners.push(listener);

/** Draw once for all changes of one turn. */
export function changed() {
  if (drawing) return;
  drawing = true;
  queueMicrotask(() => {
    drawing = false;
    listeners.forEach((listener) => listener());
  });
}

export const user = (id) => state.users.find((each) => each.id === id);
export const userName = (id) => user(id)?.name ?? id;
export const bot = () => state.users.find((each) => each.is_bot);
export const people = () => state.users.filter((each) => !each.is_bot);
export const channelName = (id) => state.channels.find((each) => each.id === id)?.name ?? id;
export const isDirect = (channel) => channel.id.startsWith("D");

/** The channels this person may open: a guest and a private channel go by membership. */
export function myChannels() {
  const invited = (channel) => channel.members?.includes(state.me);
  const open = (channel) => !channel.private && !isDirect(channel) && !user(state.me)?.is_guest;
  return state.channels.filter((channel) => open(channel) || invited(channel));
}

const byTime = (one, other) => Number(one.ts) - Number(other.ts);
const inThread = (message) => message.thread_ts && message.thread_ts !== message.ts;

/** Messages and my ephemerals of a channel in order of time: of one thread, or those outside of threads. */
export function shown(channel, thread = null) {
  const mine = state.ephemerals.filter((each) => each.channel === channel && each.to === state.me);
  const all = [...Object.values(state.messages[channel] ?? {}), ...mine.map((each) => ({ ...each, ephemeral: true }))];
  const here = (each) => (thread ? each.ts === thread || each.thread_ts === thread : !inThread(each) || each.reply_broadcast);
  return all.filter(here).sort(byTime);
}

const seenKey = (channel) => `${state.me} ${channel}`;
const isOthers = (message) => message.user !== state.me;

export function unread(channel) {
  const since = Number(seen[seenKey(channel)] ?? 0);
  return shown(channel).filter((each) => isOthers(each) && Number(each.ts) > since).length;
}

export function markSeen(channel) {
  const newest = shown(channel).at(-1)?.ts;
  if (!newest || seen[seenKey(channel)] === newest) return;
  seen[seenKey(channel)] = newest;
  sessionStorage.setItem("seen", JSON.stringify(seen));
}

export async function load() {
  const answer = await get("/human/state");
  if (answer.error) return answer;
  Object.assign(state, answer);
  const remembered = sessionStorage.getItem("me");
  await become(people().some((each) => each.id === remembered) ? remembered : people()[0]?.id);
  return answer;
}

/** Speak for another person: nothing of the one before stays on the page. */
export async function become(id) {
  Object.assign(state, { me: id, messages: {}, ephemerals: [], views: [], home: null, thread: null, tab: "messages" });
  sessionStorage.setItem("me", id);
  if (!myChannels().some((channel) => channel.id === state.channel)) state.channel = myChannels()[0]?.id ?? null;
  stream?.close();
  const opened = new EventSource(`/human/stream?user=${encodeURIComponent(id)}`);
  stream = opened;
  opened.onmessage = (event) => stream === opened && receive(JSON.parse(event.data));
  opened.onopen = () => stream === opened && refresh();
  opened.onerror = () => connected(false);
  await refresh();
}

function connected(value) {
  state.connected = value;
  changed();
}

/** Read everything again; events that arrive meanwhile are applied after it. */
async function refresh() {
  const me = state.me;
  waiting ??= [];
  const answer = await get(`/human/messages?user=${encodeURIComponent(me)}`);
  if (me !== state.me) return;
  const events = waiting ?? [];
  waiting = null;
  if (answer.error) return connected(false);
  const table = (list) => Object.fromEntries(list.map((message) => [message.ts, message]));
  state.messages = Object.fromEntries(Object.entries(answer.channels).map(([id, list]) => [id, table(list)]));
  const notes = state.ephemerals.filter((each) => each.note);
  Object.assign(state, { ephemerals: notes, views: answer.views, home: answer.home });
  answer.ephemerals.forEach(keep);
  events.forEach(apply);
  connected(true);
}

function receive(event) {
  if (waiting) waiting.push(event);
  else apply(event);
  changed();
}

const isEphemeral = (ts) => state.ephemerals.some((each) => each.ts === ts);

const EVENTS = {
  message: put,
  message_changed: put,
  message_deleted: (event) => {
    const ts = event.ts ?? event.message?.ts;
    delete state.messages[event.channel]?.[ts];
    forget(ts);
  },
  ephemeral: (event) => keep({ channel: event.channel, ...event.message }),
  view: (event) => showView(event.view),
  view_closed: (event) => closeView(event.view_id ?? event.view?.id),
  home: (event) => { state.home = event.view; },
  error: (event) => note(event.channel, event.error),
};

function apply(event) {
  EVENTS[event.type]?.(event);
}

function put({ channel, message }) {
  if (isEphemeral(message.ts)) return keep({ channel, ...message });
  state.messages[channel] ??= {};
  state.messages[channel][message.ts] = message;
}

// An ephemeral comes only to the person it is for; its own `user` may name the sender.
function keep(message) {
  forget(message.ts);
  state.ephemerals.push({ to: state.me, ...message });
}

export function forget(ts) {
  state.ephemerals = state.ephemerals.filter((each) => each.ts !== ts);
  changed();
}

/** A remark of the workspace itself, for this person only. */
export function note(channel, text, thread = null) {
  const ts = (Date.now() / 1000).toFixed(6);
  keep({ ts, channel: channel ?? state.channel, to: state.me, text, thread_ts: thread, note: true });
  changed();
}

export function showView(view) {
  if (view.type === "home") state.home = view;
  else {
    const at = state.views.findIndex((each) => each.id === view.id);
    if (at < 0) state.views.push(view);
    else state.views[at] = view;
  }
  changed();
}

export function closeView(id) {
  state.views = state.views.filter((each) => each.id !== id);
  changed();
}

export function openChannel(id, tab = "messages") {
  Object.assign(state, { channel: id, tab, thread: null });
  changed();
}

export function openThread(ts) {
  state.thread = ts;
  changed();
}
