/** The keyboard: everything that the mouse can do has a way here; "?" shows the list. */
import { remove } from "./actions.js";
import { h } from "./dom.js";
import { visit } from "./sidebar.js";
import { edit, isMine, message, myChannels, openThread, state } from "./state.js";
import { openSwitcher } from "./switcher.js";
import { closeThread } from "./thread.js";

const SHOWN = [
  ["Ctrl K", "Jump to a channel, or become somebody"], ["Alt ↑ ↓", "Previous and next channel"], ["F6", "Next part of the page"],
  ["↑ ↓ Home End", "Through messages, once one has the focus"], ["T", "Open the thread of a message"], ["E", "Edit your message"],
  ["R", "React to a message"], ["Delete", "Delete your message"], ["↑ in an empty field", "Edit your last message"],
  ["/  @  :", "Commands, people and emoji while writing"], ["Shift Enter", "New line"], ["Esc", "Close what is open, or leave the message"], ["?", "This list"],
];

export function showKeys() {
  const dialog = document.getElementById("keys");
  dialog.replaceChildren(h("form", { method: "dialog" }, h("h2", { id: "keys-title" }, "Keyboard"),
    h("dl", {}, SHOWN.map(([keys, what]) => h("div", {}, h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)))),
    h("button", { class: "button plain", autofocus: true }, "Close")));
  dialog.showModal();
}

function step(by) {
  const mine = myChannels();
  const at = mine.findIndex((each) => each.id === state.channel);
  if (mine.length) visit(mine[(at + by + mine.length) % mine.length].id);
}

function nextPart(by) {
  const parts = ["#sidebar .channel[aria-current]", "#messages", "#composer textarea", "#thread .list", "#thread textarea", ".demo-head"]
    .map((selector) => document.querySelector(selector)).filter((node) => node?.checkVisibility());
  const at = parts.findIndex((node) => node.closest("#sidebar, .list, .composer, #demo")?.contains(document.activeElement));
  parts[(at + by + parts.length) % parts.length]?.focus();
}

function rows(from) {
  return [...from.closest(".list").querySelectorAll(".message")];
}

function walk(event, row) {
  const all = rows(row);
  const at = all.indexOf(row);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return false;
  const next = all[Math.max(0, to)];
  if (next) next.focus();
  else row.closest("main, aside").querySelector(".composer textarea")?.focus();
  return true;
}

function deed(event, row) {
  const found = message(state.channel, row.dataset.ts);
  if (!found || event.ctrlKey || event.metaKey || event.altKey) return false;
  const key = event.key.toLowerCase();
  if (key === "t" && !row.closest("#thread")) openThread(found.ts);
  else if (key === "r") row.querySelector(".tools button")?.click();
  else if (key === "e" && isMine(found)) edit(found.ts);
  else if (key === "delete" && isMine(found)) remove(found, state.channel);
  else if (key === "escape") row.closest("main, aside").querySelector(".composer textarea")?.focus();
  else return false;
  return true;
}

/** Keys on a message, or on the list itself, which leads into it. */
function onMessages(event) {
  const row = event.target.closest?.(".message");
  if (row === event.target) return walk(event, row) || deed(event, row);
  if (!event.target.matches?.(".list") || !["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return false;
  const all = rows(event.target);
  (event.key === "Home" ? all[0] : all.at(-1))?.focus();
  return true;
}

function everywhere(event) {
  const typing = event.target.closest?.("input, textarea, select");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") openSwitcher();
  else if (document.querySelector("dialog[open]")) return false;
  else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) step(event.key === "ArrowUp" ? -1 : 1);
  else if (event.key === "F6") nextPart(event.shiftKey ? -1 : 1);
  else if (event.key === "?" && !typing) showKeys();
  else if (event.key === "Escape" && document.body.classList.contains("menu-open")) document.body.classList.remove("menu-open");
  else if (event.key === "Escape" && state.thread) closeThread();
  else return false;
  return true;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && (onMessages(event) || everywhere(event))) event.preventDefault();
  });
}
