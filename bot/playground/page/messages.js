/** One message, and the list of them. */
import { post } from "./api.js";
import { content } from "./blocks.js";
import { follow, h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { bot, forget, note, openThread, shown, state, user } from "./state.js";

const values = {};
let known = [];

/** The blocks of a message as a surface: what is chosen goes to the bot with the message's place. */
function surface(message, channel) {
  const id = `${channel}-${message.ts}`;
  values[id] ??= {};
  return {
    id,
    values: values[id],
    act: async (block, action, value) => {
      const place = { user: state.me, channel, message_ts: message.ts };
      const answer = await post("/human/click", { ...place, block_id: block, action_id: action, value, values: values[id] });
      if (!answer.ok) note(channel, `The button failed with the error "${answer.error}"`, message.thread_ts ?? null);
    },
  };
}

export function author(message) {
  if (message.note) return { name: "Workspace", app: false };
  const person = message.ephemeral ? null : user(message.user);
  if (person && !person.is_bot && !message.bot_id) return { name: person.name, app: false, id: person.id };
  return { name: message.username ?? person?.name ?? bot()?.name ?? "App", app: true, id: "app" };
}

export function avatar(who) {
  const tint = [...(who.id ?? who.name)].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
  return h("span", { class: `avatar ${who.app ? "app" : `tint-${tint}`}`, "aria-hidden": "true" }, who.app ? null : who.name.replace(/^N3 /, "").slice(0, 1));
}

const moment = (ts) => new Date(Number(ts) * 1000);
const clock = (ts) => moment(ts).toLocaleTimeString([], { timeStyle: "short" });

function time(ts) {
  return h("time", { datetime: moment(ts).toISOString(), title: moment(ts).toLocaleString() }, clock(ts));
}

function replies(message, unseen) {
  const count = message.reply_count;
  return h("button", { type: "button", class: `replies ${unseen ? "new" : ""}`, "data-focus": `replies/${message.ts}`, onclick: () => openThread(message.ts) },
    `${count} ${count === 1 ? "reply" : "replies"}`, unseen ? h("small", {}, "new") : null);
}

const replyButton = (message) => h("button", { type: "button", class: "reply", "aria-label": "Reply in thread", title: "Reply in thread", onclick: () => openThread(message.ts) }, ...withEmoji(":speech_balloon:"));

function onlyYou(message) {
  return h("p", { class: "only-you" }, "Only visible to you",
    h("button", { type: "button", class: "plain-link", onclick: () => forget(message.ts) }, "Dismiss"));
}

function row(message, channel, { joined, inThread, unseen }) {
  const who = author(message);
  const canReply = !inThread && !message.ephemeral;
  return h("article", { class: `message ${message.ephemeral ? "ephemeral" : ""} ${joined ? "joined" : ""}`, "data-ts": message.ts, "aria-label": `${who.name}, ${clock(message.ts)}` },
    joined ? h("span", { class: "avatar-space", "aria-hidden": "true" }, clock(message.ts)) : avatar(who),
    h("div", { class: "content" },
      message.ephemeral ? onlyYou(message) : null,
      joined ? null : h("div", { class: "who" }, h("b", {}, who.name), who.app ? h("span", { class: "badge" }, "APP") : null, time(message.ts)),
      h("div", { class: "blocks" }, content(message, surface(message, channel))),
      message.edited ? h("small", { class: "edited" }, "(edited)") : null,
      canReply && message.reply_count ? replies(message, unseen) : null),
    canReply ? replyButton(message) : null);
}

function dayOf(ts) {
  const day = moment(ts);
  if (day.toDateString() === new Date().toDateString()) return "Today";
  return day.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}

const closeInTime = (one, other) => Math.abs(Number(one.ts) - Number(other.ts)) < 300;

function joins(before, message) {
  if (!before || before.ephemeral || message.ephemeral || !closeInTime(before, message)) return false;
  const [one, other] = [author(before), author(message)];
  return !one.app && !other.app && one.name === other.name && dayOf(before.ts) === dayOf(message.ts);
}

function entries(list, channel, inThread, isUnseen) {
  return list.flatMap((message, index) => {
    const how = { joined: joins(list[index - 1], message), inThread, unseen: isUnseen(message) };
    const print = JSON.stringify([message, how, known]);
    const entry = { key: `${message.ephemeral ? "e" : "m"}${message.ts}`, print, build: () => row(message, channel, how) };
    if (inThread || (index && dayOf(list[index - 1].ts) === dayOf(message.ts))) return [entry];
    const day = dayOf(message.ts);
    return [{ key: `day ${day}`, print: day, build: () => h("div", { class: "day", role: "separator" }, h("span", {}, day)) }, entry];
  });
}

const ends = new WeakMap();
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

// A list that stood at its end stays there when the pane beside it opens or the window turns.
const sizes = new ResizeObserver((boxes) => boxes.filter(({ target }) => ends.get(target)).forEach(({ target }) => toEnd(target)));

function watch(box) {
  ends.set(box, true);
  sizes.observe(box);
  box.addEventListener("scroll", () => ends.set(box, box.scrollHeight - box.scrollTop - box.clientHeight < 80));
}

/** Bring a list up to date; it stays at its end if it stood there. */
export function drawMessages(box, channel, thread = null, isUnseen = () => false) {
  known = state.users.map((each) => each.name);
  const place = `${state.me} ${channel} ${thread}`;
  if (!ends.has(box)) watch(box);
  const atEnd = box.dataset.place !== place || ends.get(box);
  follow(box, entries(shown(channel, thread), channel, Boolean(thread), isUnseen));
  if (atEnd) toEnd(box);
  box.dataset.place = place;
}
