/** The side pane with one thread. */
import { composer } from "./composer.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { drawMessages } from "./messages.js";
import { markRead } from "./reads.js";
import { channelName, openThread, state } from "./state.js";

const pane = document.getElementById("thread");
const opened = [];
let list = null;
let opener = null;

/** `listener` is called with channel and time stamp whenever a thread is opened. */
export const onThread = (listener) => opened.push(listener);

export function closeThread() {
  openThread(null);
  opener?.focus();
}

function build() {
  list = h("div", { class: "list", role: "log", "aria-label": "Replies", tabindex: "0" });
  pane.replaceChildren(
    h("header", {},
      h("button", { type: "button", class: "icon only-phone", "aria-label": "Back to the channel", onclick: closeThread }, icon("back")),
      h("h2", {}, "Thread", h("small", {})),
      h("button", { type: "button", class: "icon not-phone", "aria-label": "Close thread", title: "Close (Esc)", onclick: closeThread }, icon("close"))),
    list, composer({ label: "Reply…", place: () => ({ channel: state.channel, thread: state.thread }), area: pane }));
}

export const threadList = () => list;
export const threadField = () => pane.querySelector(".composer textarea");

export function drawThread() {
  const open = Boolean(state.thread) && state.tab === "messages";
  if (!list) build();
  const fresh = open && pane.dataset.thread !== state.thread;
  if (open && pane.hidden) opener = document.activeElement;
  pane.hidden = !open;
  pane.dataset.thread = open ? state.thread : "";
  document.body.classList.toggle("has-thread", open);
  if (!open) return;
  if (document.visibilityState === "visible") markRead(state.channel, state.thread);
  pane.querySelector("h2 small").textContent = channelName(state.channel);
  drawMessages(list, state.channel, state.thread);
  threadField().draft();
  if (!fresh) return;
  // on glass the keyboard would cover what the person came to read
  if (!matchMedia("(pointer: coarse)").matches) threadField().focus({ preventScroll: true });
  opened.forEach((listener) => listener(state.channel, state.thread));
}
