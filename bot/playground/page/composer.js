/** The field to write in: drafts, completion, files, sending. */
import { post } from "./api.js";
import { attachments, dropZone } from "./attach.js";
import { suggestions } from "./completion.js";
import { h } from "./dom.js";
import { editLast } from "./edit.js";
import { icon } from "./icons.js";
import { avatar } from "./people.js";
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

/** `place` tells the channel and thread that is written to now; files may be dropped on `area`. */
export function composer({ label, place, area }) {
  const id = `options-${count += 1}`;
  const files = attachments(() => keep());
  let found = { typed: "", options: [], eager: false };
  let chosen = -1;
  const menu = h("ul", { id, class: "completion", role: "listbox", "aria-label": "Completion", hidden: true });
  const field = h("textarea", {
    rows: 1, "aria-label": label, placeholder: label, "aria-autocomplete": "list", "aria-controls": id, autocomplete: "off",
    oninput: () => { keep(); complete(); }, onkeydown: keyed, onblur: () => offer({ typed: "", options: [] }), onpaste: pasted,
  });
  const button = h("button", { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", disabled: true, onclick: submit }, icon("send"));
  const draftKey = () => [state.me, place().channel, place().thread].join(" ");

  function keep() {
    drafts[draftKey()] = field.value;
    field.rows = Math.min(MOST_ROWS, field.value.split("\n").length);
    button.disabled = !field.value.trim() && !files.count();
  }

  function pasted(event) {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    files.take(event.clipboardData.files);
  }

  function complete() {
    const now = suggestions(field.value.slice(0, field.selectionStart), Boolean(place().thread));
    offer(now, now.eager ? 0 : -1);
  }

  function offer(now, index = -1) {
    [found, chosen] = [now, index];
    menu.hidden = !now.options.length;
    menu.replaceChildren(...now.options.map(option));
    menu.children[index]?.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", index >= 0 ? `${id}-${index}` : "");
  }

  function option(each, at) {
    return h("li", {
      id: `${id}-${at}`, role: "option", "aria-selected": String(at === chosen), class: each.told ? "told" : null,
      onmousedown: (event) => { event.preventDefault(); if (!each.told) take(each); },
    }, each.person ? avatar(each.person) : null, each.picture?.(), h("b", {}, each.label), each.usage ? h("code", {}, each.usage) : null, h("span", {}, each.about));
  }

  function take(each) {
    const end = field.selectionStart;
    field.setRangeText(`${each.insert} `, end - found.typed.length, end, "end");
    keep();
    complete();
  }

  async function submit() {
    const text = field.value.trim();
    if (!text && !files.count()) return;
    const { channel, thread } = place();
    field.value = "";
    keep();
    offer({ typed: "", options: [] });
    if (!files.count()) return send(text, { channel, thread });
    const errors = await files.send({ user: state.me, channel, thread_ts: thread }, text);
    if (errors.length) note(channel, `Not sent: ${errors.join(", ")}`, thread);
  }

  function move(step) {
    const length = found.options.length;
    offer(found, chosen < 0 && step < 0 ? length - 1 : (chosen + step + length) % length);
  }

  function keyed(event) {
    if (event.isComposing) return;
    const open = found.options.some((each) => !each.told);
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    const takes = event.key === "Tab" || (event.key === "Enter" && chosen >= 0);
    if (open && event.key in moves) move(moves[event.key]);
    else if (open && takes && !event.shiftKey) take(found.options[Math.max(0, chosen)]);
    else if (found.options.length && event.key === "Escape") offer({ typed: "", options: [] });
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else if (event.key === "ArrowUp" && !field.value && editLast(place().channel, place().thread)) event.stopPropagation();
    else return;
    event.preventDefault();
  }

  /** Put text where the cursor is, with a blank before it where a word ends there. */
  function insert(text) {
    const at = field.selectionStart;
    const gap = at && !/\s$/.test(field.value.slice(0, at)) ? " " : "";
    field.focus();
    field.setRangeText(gap + text, at, field.selectionEnd, "end");
    keep();
    complete();
  }

  /** Show what was being written at this place. */
  field.draft = () => {
    const text = drafts[draftKey()] ?? "";
    if (field.value !== text) field.value = text;
    keep();
  };
  /** Write a whole text for the person, to be sent by them. */
  field.write = (text) => {
    field.value = text;
    keep();
    field.focus();
  };
  const smile = h("button", { type: "button", class: "icon", "aria-label": "Emoji", title: "Emoji", onclick: () => pickEmoji(smile, (name) => insert(`:${name}: `)) }, icon("smile"));
  const at = h("button", { type: "button", class: "icon", "aria-label": "Mention somebody", title: "Mention somebody", onclick: () => insert("@") }, icon("at"));
  const slash = h("button", { type: "button", class: "icon slash", "aria-label": "Commands", title: "Commands", onclick: () => { if (!field.value) insert("/"); } }, icon("slash"));
  if (area) dropZone(area, files.take);
  return h("div", { class: "composer" }, menu, field, files.box, h("div", { class: "composer-row" }, files.button, smile, at, slash, h("span", { class: "grow" }), button));
}
