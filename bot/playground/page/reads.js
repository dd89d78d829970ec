/** What each person has read: channels and threads up to a moment, kept in this browser. */
import { inThread, isDirect, channel as channelOf, shown, state } from "./state.js";

const KEPT = 400;
const marks = new Map(Object.entries(JSON.parse(localStorage.getItem("read") ?? "{}")));
const news = {};

const key = (channel, thread) => [state.me, channel, thread].filter(Boolean).join(" ");
const upTo = (channel, thread) => Number(marks.get(key(channel, thread)) ?? 0);
const byOthers = (message) => message.user !== state.me && !message.note;
const whole = new WeakMap();

/** Whether a message calls this person: by name, by @here and the like, or because it is said to them alone. */
export function callsMe(message, channel) {
  if (isDirect(channelOf(channel) ?? { id: channel })) return true;
  if (!whole.has(message)) whole.set(message, JSON.stringify([message.text, message.blocks]));
  const said = whole.get(message);
  return [`<@${state.me}>`, `"user_id":"${state.me}"`, "<!here", "<!channel", "<!everyone"].some((call) => said.includes(call));
}

/** Messages of others that this person has not seen: in the channel, or in one thread. */
export function unread(channel, thread = null) {
  const since = upTo(channel, thread);
  return shown(channel, thread).filter((each) => byOthers(each) && each.ts !== thread && Number(each.ts) > since);
}

/** How many unread messages call this person, in the channel and its threads. */
export function calls(channel) {
  const replies = Object.values(state.messages[channel] ?? {}).filter(inThread)
    .filter((each) => byOthers(each) && Number(each.ts) > upTo(channel, each.thread_ts));
  return [...unread(channel), ...replies].filter((each) => callsMe(each, channel)).length;
}

export function markRead(channel, thread = null) {
  const newest = shown(channel, thread).at(-1)?.ts;
  const place = key(channel, thread);
  if (!newest || marks.get(place) === newest) return;
  marks.delete(place);
  marks.set(place, newest);
  localStorage.setItem("read", JSON.stringify(Object.fromEntries([...marks].slice(-KEPT))));
}

/** A person comes to a channel: remember where the news began, for the line above it. */
export function arrive(channel) {
  news[key(channel)] = upTo(channel) ? unread(channel)[0]?.ts : null;
}

export const newsFrom = (channel) => news[key(channel)];
