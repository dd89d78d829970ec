/** The field to write in: drafts, completion, files, sending. */
import { post } from "./api.js";
import { attachments, dropZone } from "./attach.js";
import { suggestions } from "./completion.js";
import { h } from "./dom.js";
import { editLast } from "./edit.js";
import { icon } from "./icons.js";
import { completionMenu } from "./menu.js";
import { pickEmoji } from "./reactions.js";
import { note, state } from "./state.js";

const MOST_ROWS = 10;
const drafts = {};
let count = 0;

async function send(text, { channel, thread }) {
  const to = { user: state.me, channel };
  const isCommand = /^\/\w/.test(text);
  const command = text.split(/\s/)[0];
  if (isCommand && thread) {
    return note(channel, `${command} is not supported in threads. Sorry! Write it in the channel.`, thread);
  }
  const answer = isCommand ? await post("/human/command", { ...to, text })
    : await post("/human/say", thread ? { ...to, text, thread_ts: thread } : { ...to, text });
  if (answer.ok) return null;
  const failure = isCommand ? answer.response || `${command} failed with the error "${answer.error}"` : `Not sent: ${answer.error}`;
  return note(channel, failure, thread);
}

const tool = (name, label, onclick, extra = "") => h("button", { type: "button", class: `icon ${extra}`, "aria-label": label, title: label, onclick }, icon(name));

/** What stands below the field; `insert` puts text where the cursor is. */
function toolRow(field, files, button, insert) {
  const smile = tool("smile", "Emoji", () => pickEmoji(smile, (name) => insert(`:${name}: `)));
  return h("div", { class: "composer-row" }, files.button, smile,
    tool("at", "Mention somebody", () => insert("@")),
    tool("slash", "Commands", () => { if (!field.value) insert("/"); }, "slash"),
    h("span", { class: "grow" }), button);
}

/** `place` tells the channel and thread that is written to now; files may be dropped on `area`. */
export function composer({ label, place, area }) {
  const id = `options-${count += 1}`;
  const field = h("textarea", {
    rows: 1, "aria-label": label, placeholder: label, "aria-autocomplete": "list", "aria-controls": id, autocomplete: "off",
    oninput: written, onkeydown: keyed, onblur: () => menu.close(), onpaste: pasted,
  });
  const button = h("button", { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", disabled: true, onclick: submit }, icon("send"));
  const files = attachments(keep);
  const menu = completionMenu(field, id, written);
  const draftKey = () => [state.me, place().channel, place().thread].join(" ");

  function keep() {
    drafts[draftKey()] = field.value;
    field.rows = Math.min(MOST_ROWS, field.value.split("\n").length);
    button.disabled = !field.value.trim() && !files.count();
  }

  function written() {
    keep();
    menu.offer(suggestions(field.value.slice(0, field.selectionStart), Boolean(place().thread)));
  }

  function pasted(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    files.take(event.clipboardData.files);
  }

  async function submit() {
    const text = field.value.trim();
    const { channel, thread } = place();
    if (!text && !files.count()) return;
    field.write("");
    menu.close();
    if (!files.count()) return send(text, { channel, thread });
    const errors = await files.send({ user: state.me, channel, thread_ts: thread }, text);
    if (errors.length) note(channel, `Not sent: ${errors.join(", ")}`, thread);
  }

  /** Whether the key was for the field itself. */
  function ownKey({ key, shiftKey }) {
    if (key === "ArrowUp" && !field.value) return editLast(place().channel, place().thread);
    if (key !== "Enter" || shiftKey) return false;
    submit();
    return true;
  }

  function keyed(event) {
    if (!event.isComposing && (menu.keyed(event) || ownKey(event))) event.preventDefault();
  }

  function insert(text) {
    const at = field.selectionStart;
    const gap = at && !/\s$/.test(field.value.slice(0, at)) ? " " : "";
    field.focus();
    field.setRangeText(gap + text, at, field.selectionEnd, "end");
    written();
  }

  /** Write a whole text for the person, to be sent by them. */
  field.write = (text) => {
    field.value = text;
    keep();
    field.focus();
  };
  /** Show what was being written at this place. */
  field.draft = () => {
    const text = drafts[draftKey()] ?? "";
    if (field.value !== text) field.value = text;
    keep();
  };
  if (area) dropZone(area, files.take);
  return h("div", { class: "composer" }, menu.box, field, files.box, toolRow(field, files, button, insert));
}
