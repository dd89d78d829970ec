/** The field in place of a message that is being edited. */
import { post } from "./api.js";
import { h, toast } from "./dom.js";
import { plain } from "./mrkdwn.js";
import { edit, message as messageOf, shown, state, isMine, userName } from "./state.js";

/** The stored text as it was typed: entities undone, mentions by name. */
function typed(text) {
  return plain(text.replace(/<@(\w+)>/g, (_, id) => `@${userName(id)}`).replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1"));
}

async function save(message, channel, text) {
  edit(null);
  if (!text || text === typed(message.text)) return;
  const answer = await post("/human/edit", { user: state.me, channel, ts: message.ts, text });
  if (!answer.ok) toast(`Not changed: ${answer.error}`);
}

export function editor(message, channel) {
  const field = h("textarea", { "aria-label": "Edit message", value: typed(message.text), "data-focus": `edit/${message.ts}`, onkeydown: keyed, oninput: grow });
  function grow() {
    field.rows = Math.min(10, field.value.split("\n").length);
  }
  function keyed(event) {
    if (event.key === "Escape") edit(null);
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save(message, channel, field.value.trim());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  grow();
  queueMicrotask(() => {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  });
  return h("div", { class: "editor" }, field, h("div", { class: "editor-row" },
    h("small", {}, "Enter saves, Esc cancels"),
    h("button", { type: "button", class: "button plain", onclick: () => edit(null) }, "Cancel"),
    h("button", { type: "button", class: "button primary", onclick: () => save(message, channel, field.value.trim()) }, "Save")));
}

/** Start to edit the newest message of one's own at this place; false when there is none. */
export function editLast(channel, thread) {
  const last = shown(channel, thread).filter(isMine).at(-1);
  if (!last || !messageOf(channel, last.ts)) return false;
  edit(last.ts);
  return true;
}
