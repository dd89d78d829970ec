/** The field to write in, with completion of commands and names. */
import { post } from "./api.js";
import { h } from "./dom.js";
import { note, state } from "./state.js";

const drafts = {};
let count = 0;

/** Where completion applies: [what stands there already, what could stand there]. */
function suggestions(field, inThread) {
  const before = field.value.slice(0, field.selectionStart);
  if (!inThread && /^\/\S*$/.test(before)) {
    const fits = state.commands.filter((each) => each.command.startsWith(before));
    return [before, fits.map((each) => ({ insert: each.command, about: each.description }))];
  }
  const at = before.match(/(?:^|\s)(@[^\s@]*)$/)?.[1];
  if (!at) return ["", []];
  const fits = state.users.filter((each) => each.name.toLowerCase().startsWith(at.slice(1).toLowerCase()));
  return [at, fits.map((each) => ({ insert: `@${each.name}`, about: each.title }))];
}

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

/** `place` tells the channel and thread that is written to now. */
export function composer({ label, place }) {
  const id = `options-${count += 1}`;
  let options = [];
  let chosen = 0;
  let typed = "";
  const menu = h("ul", { id, class: "completion", role: "listbox", "aria-label": "Completion", hidden: true });
  const field = h("textarea", {
    rows: 1, "aria-label": label, placeholder: label, "aria-autocomplete": "list", "aria-controls": id, autocomplete: "off",
    oninput: () => { keep(); complete(); }, onkeydown: keyed, onblur: () => offer([]),
  });
  const draftKey = () => [state.me, place().channel, place().thread].join(" ");

  function keep() {
    drafts[draftKey()] = field.value;
    field.rows = Math.min(8, field.value.split("\n").length);
    button.disabled = !field.value.trim();
  }

  function complete() {
    const [before, found] = suggestions(field, Boolean(place().thread));
    typed = before;
    offer(found.filter((each) => found.length > 1 || each.insert !== before));
  }

  function offer(found, index = 0) {
    [options, chosen] = [found, index];
    menu.hidden = !found.length;
    menu.replaceChildren(...found.map((each, at) => h("li", {
      id: `${id}-${at}`, role: "option", "aria-selected": String(at === index),
      onmousedown: (event) => { event.preventDefault(); take(each); },
    }, h("b", {}, each.insert), h("span", {}, each.about))));
    field.setAttribute("aria-activedescendant", found.length ? `${id}-${index}` : "");
  }

  function take(option) {
    const end = field.selectionStart;
    field.setRangeText(`${option.insert} `, end - typed.length, end, "end");
    keep();
    offer([]);
  }

  function submit() {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    keep();
    offer([]);
    send(text, place());
  }

  function keyed(event) {
    if (event.isComposing) return;
    const complete_ = options.length && options[chosen].insert !== typed;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (options.length && event.key in moves) offer(options, (chosen + moves[event.key] + options.length) % options.length);
    else if (complete_ && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) take(options[chosen]);
    else if (options.length && event.key === "Escape") offer([]);
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else return;
    event.preventDefault();
  }

  /** Show what was being written at this place. */
  field.draft = () => {
    const text = drafts[draftKey()] ?? "";
    if (field.value !== text) field.value = text;
    keep();
  };
  const button = h("button", { type: "button", class: "send", "aria-label": "Send", disabled: true, onclick: submit }, "➤");
  return h("div", { class: "composer" }, menu, field, button);
}
