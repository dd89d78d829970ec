/** What this page knows, as seen by the person it speaks for. The stream keeps it current; the parts draw it. */

export const state = {
  team: { name: "Workspace" }, users: [], channels: [], commands: [], shortcuts: [], hints: [], demo: false,
  me: null, channel: null, tab: "messages", thread: null, editing: null,
  messages: {}, ephemerals: [], views: [], home: null, homeAsked: 0, connected: true,
};

const listeners = [];
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
export const channel = (id = state.channel) => state.channels.find((each) => each.id === id);
export const channelName = (id) => channel(id)?.name ?? id;
export const isDirect = (each) => each.id.startsWith("D");
export const title = (each) => (isDirect(each) ? bot()?.name ?? "App" : each.name);

/** The channels this person may open: a guest and a private channel go by membership. */
export function myChannels() {
  const invited = (each) => each.members?.includes(state.me);
  const open = (each) => !each.private && !isDirect(each) && !user(state.me)?.is_guest;
  return state.channels.filter((each) => open(each) || invited(each));
}

const byTime = (one, other) => Number(one.ts) - Number(other.ts);
export const inThread = (message) => Boolean(message.thread_ts) && message.thread_ts !== message.ts;
export const isMine = (message) => message.user === state.me && !message.ephemeral && !message.note;

/** Messages and my ephemerals of a channel in order of time: of one thread, or those outside of threads. */
export function shown(channelId, thread = null) {
  const mine = state.ephemerals.filter((each) => each.channel === channelId && each.to === state.me);
  const all = [...Object.values(state.messages[channelId] ?? {}), ...mine];
  const here = (each) => (thread ? each.ts === thread || each.thread_ts === thread : !inThread(each) || each.reply_broadcast);
  return all.filter(here).sort(byTime);
}

export const message = (channelId, ts) => state.messages[channelId]?.[ts];

/** Take a message in; an ephemeral comes only to the person it is for, and its own `user` may name the sender. */
export function put(channelId, taken) {
  if (state.ephemerals.some((each) => each.ts === taken.ts)) return keep(channelId, taken);
  state.messages[channelId] ??= {};
  state.messages[channelId][taken.ts] = taken;
}

export function keep(channelId, whisper) {
  forget(whisper.ts);
  state.ephemerals.push({ to: state.me, ...whisper, channel: channelId ?? whisper.channel, ephemeral: true });
}

export function forget(ts) {
  state.ephemerals = state.ephemerals.filter((each) => each.ts !== ts);
  changed();
}

/** A remark of the workspace itself, for this person only. */
export function note(channelId, text, thread = null) {
  keep(channelId ?? state.channel, { ts: (Date.now() / 1000).toFixed(6), text, thread_ts: thread, note: true });
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
  Object.assign(state, { channel: id, tab, thread: null, editing: null });
  changed();
}

export function openThread(ts) {
  Object.assign(state, { thread: ts, editing: null });
  changed();
}

export function edit(ts) {
  state.editing = ts;
  changed();
}
