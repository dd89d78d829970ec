/** What can be done with a message: the bar that shows on hover, focus and touch. */
import { post } from "./api.js";
import { confirmed } from "./confirm.js";
import { h, toast } from "./dom.js";
import { icon } from "./icons.js";
import { pickEmoji, react } from "./reactions.js";
import { edit, isMine, openThread, state } from "./state.js";

function tool(name, label, onclick, extra = "") {
  return h("button", { type: "button", class: `tool ${extra}`, "aria-label": label, title: label, onclick }, icon(name));
}

async function copy(message) {
  const said = message.text || JSON.stringify(message.blocks);
  await navigator.clipboard.writeText(said).then(() => toast("Copied"), () => toast("The browser did not allow to copy"));
}

async function shortcut(each, message, channel) {
  const answer = await post("/human/shortcut", { user: state.me, channel, ts: message.ts, callback_id: each.callback_id });
  if (!answer.ok) toast(`${each.name} did not work: ${answer.error}`);
}

export async function remove(message, channel) {
  const text = (words) => ({ type: "plain_text", text: words });
  const question = { title: text("Delete message"), text: text("Delete this message? This cannot be undone."), confirm: text("Delete"), deny: text("Cancel"), style: "danger" };
  if (!(await confirmed(question))) return;
  const answer = await post("/human/delete", { user: state.me, channel, ts: message.ts });
  if (!answer.ok) toast(`Not deleted: ${answer.error}`);
}

export function actions(message, channel, inThread) {
  if (message.ephemeral || message.subtype === "tombstone") return null;
  const mine = isMine(message);
  const smile = tool("smile", "Add a reaction", () => pickEmoji(smile, (name) => react(message, channel, name)));
  return h("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    smile,
    inThread ? null : tool("reply", "Reply in thread", () => openThread(message.ts), "reply"),
    ...state.shortcuts.map((each) => tool("play", each.name, () => shortcut(each, message, channel))),
    tool("copy", "Copy text", () => copy(message)),
    mine ? tool("pencil", "Edit message", () => edit(message.ts)) : null,
    mine ? tool("bin", "Delete message", () => remove(message, channel)) : null);
}
