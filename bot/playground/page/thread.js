/** The side pane with one thread. */
import { composer } from "./composer.js";
import { h } from "./dom.js";
import { drawMessages } from "./messages.js";
import { channelName, openThread, shown, state } from "./state.js";

const pane = document.getElementById("thread");
const readUpTo = {};
let list = null;
let opener = null;

function close() {
  openThread(null);
  opener?.focus();
}

function build() {
  list = h("div", { class: "list", role: "log", "aria-label": "Replies", tabindex: "0" });
  pane.replaceChildren(
    h("header", {}, h("h2", {}, "Thread", h("small", {})),
      h("button", { type: "button", class: "icon", "aria-label": "Close thread", onclick: close }, "×")),
    list, composer({ label: "Reply…", place: () => ({ channel: state.channel, thread: state.thread }) }));
  pane.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.defaultPrevented) close(); });
}

const key = (ts) => `${state.me} ${state.channel} ${ts}`;

/** Whether a thread has replies by others that this person has not seen. */
export function unseenReplies(message) {
  const newest = shown(state.channel, message.ts).filter((each) => each.user !== state.me).at(-1);
  return Boolean(message.reply_count) && Number(newest?.ts ?? 0) > Number(readUpTo[key(message.ts)] ?? 0);
}

export function drawThread() {
  const open = Boolean(state.thread) && state.tab === "messages";
  const opened = open && pane.hidden;
  if (!list) build();
  if (opened) opener = document.activeElement;
  pane.hidden = !open;
  document.body.classList.toggle("has-thread", open);
  if (!open) return;
  readUpTo[key(state.thread)] = shown(state.channel, state.thread).at(-1)?.ts;
  pane.querySelector("h2 small").textContent = `#${channelName(state.channel)}`;
  drawMessages(list, state.channel, state.thread);
  pane.querySelector("textarea").draft();
  if (opened) pane.querySelector("textarea").focus();
}
