/** The list of messages: grouped by author, divided by days and by what is new, and kept at its end. */
import { follow, h } from "./dom.js";
import { icon } from "./icons.js";
import { row } from "./message.js";
import { author } from "./people.js";
import { newsFrom, unread } from "./reads.js";
import { channel as channelOf, isDirect, shown, state, title } from "./state.js";
import { day, sameDay } from "./time.js";

const TOGETHER_S = 300;
const AT_END = 80;
let names = "";

const prints = new WeakMap();

// Messages are replaced, never changed in place, so the print of one is made once.
function print(message) {
  if (!prints.has(message)) prints.set(message, JSON.stringify(message));
  return prints.get(message);
}

function joins(before, message) {
  if (!before || before.ephemeral || message.ephemeral || before.subtype === "tombstone") return false;
  const [one, other] = [author(before), author(message)];
  const close = Math.abs(Number(before.ts) - Number(message.ts)) < TOGETHER_S;
  return close && one.name === other.name && one.app === other.app && sameDay(before.ts, message.ts);
}

function divider(kind, label) {
  return { key: `${kind} ${label}`, print: label, build: () => h("div", { class: kind, role: "separator", "aria-label": label }, h("span", {}, label)) };
}

function entry(message, channel, before, inThread) {
  const unseen = message.reply_count && !inThread ? unread(channel, message.ts).length : 0;
  const how = { joined: joins(before, message), inThread, unseen, editing: state.editing === message.ts };
  return {
    key: `${message.ephemeral ? "e" : "m"}${message.ts}`, print: `${print(message)} ${JSON.stringify(how)} ${names}`,
    build: () => row(message, channel, how),
  };
}

function beginning(channel) {
  const here = channelOf(channel);
  const name = here ? title(here) : "";
  const text = here && isDirect(here) ? `This is the conversation between you and ${name}.` : `This is the very beginning of #${name}.`;
  return { key: "beginning", print: name, build: () => h("p", { class: "beginning" }, h("b", {}, here && isDirect(here) ? name : `#${name}`), h("span", {}, text)) };
}

function countReplies(list) {
  const count = list.length - 1;
  return count > 0 ? [divider("thread-count", `${count} ${count === 1 ? "reply" : "replies"}`)] : [];
}

function entries(list, channel, thread) {
  const news = thread ? null : newsFrom(channel);
  const rows = list.flatMap((message, index) => {
    const before = list[index - 1];
    const newDay = !thread && (!before || !sameDay(before.ts, message.ts)) ? [divider("day", day(message.ts))] : [];
    const newHere = news === message.ts ? [divider("news", "New")] : [];
    const broken = newDay.length || newHere.length || (thread && index === 1);
    const count = thread && index === 0 ? countReplies(list) : [];
    return [...newDay, ...newHere, entry(message, channel, broken ? null : before, Boolean(thread)), ...count];
  });
  return thread ? rows : [beginning(channel), ...rows];
}

const ends = new WeakMap();
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };

// A list that stood at its end stays there when the pane beside it opens, a picture arrives or the window turns.
const sizes = new ResizeObserver((boxes) => boxes.map(({ target }) => target.closest(".list")).filter((box) => ends.get(box)).forEach(toEnd));

function watch(box) {
  const jump = h("button", { type: "button", class: "to-end", hidden: true, onclick: () => toEnd(box) }, icon("end"), "Newest messages");
  box.after(jump);
  ends.set(box, true);
  sizes.observe(box);
  box.addEventListener("load", () => ends.get(box) && toEnd(box), true);
  box.addEventListener("scroll", () => {
    ends.set(box, box.scrollHeight - box.scrollTop - box.clientHeight < AT_END);
    jump.hidden = ends.get(box);
  });
}

/** Bring a list up to date; it stays at its end if it stood there. */
export function drawMessages(box, channel, thread = null) {
  names = state.users.map((each) => each.name).join();
  const place = `${state.me} ${channel} ${thread}`;
  if (!ends.has(box)) watch(box);
  const atEnd = box.dataset.place !== place || ends.get(box);
  follow(box, entries(shown(channel, thread), channel, thread));
  if (atEnd) toEnd(box);
  box.dataset.place = place;
}

/** Bring a message into sight and mark it for a moment; false when it is not there. */
export function reveal(box, ts, within = null) {
  const node = box.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
  if (!node) return false;
  const target = (within && node.querySelector(within)) || node;
  target.scrollIntoView({ block: "center" });
  target.classList.add("pointed");
  setTimeout(() => target.classList.remove("pointed"), 4000);
  return true;
}
