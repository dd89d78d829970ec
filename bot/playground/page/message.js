/** One message as a row: who, when, what, and what hangs on it. */
import { post } from "./api.js";
import { actions } from "./actions.js";
import { content } from "./blocks.js";
import { h } from "./dom.js";
import { editor } from "./edit.js";
import { files } from "./files.js";
import { author, avatar } from "./people.js";
import { reactions } from "./reactions.js";
import { forget, note, openThread, state, user } from "./state.js";
import { brief, clock, since, time } from "./time.js";

const FACES = 4;
const values = {};

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

function replies(message, unseen) {
  const count = message.reply_count;
  const faces = (message.reply_users ?? []).slice(0, FACES).map((id) => avatar(user(id) ?? { name: id, id }));
  return h("button", {
    type: "button", class: `replies ${unseen ? "new" : ""}`, "data-focus": `replies/${message.ts}`, onclick: () => openThread(message.ts),
  }, h("span", { class: "faces" }, faces), h("b", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
  unseen ? h("span", { class: "fresh" }, `${unseen} new`) : null,
  message.latest_reply ? h("small", {}, since(message.latest_reply, "Last reply ")) : null);
}

/** A note of the page's own is only here; what the app whispered is taken away in the workspace too. */
async function dismiss(message, channel) {
  forget(message.ts);
  if (!message.note) await post("/human/delete", { user: state.me, channel, ts: message.ts });
}

function onlyYou(message, channel) {
  return h("p", { class: "only-you" }, h("span", {}, "Only visible to you"),
    h("button", { type: "button", class: "plain-link", onclick: () => dismiss(message, channel) }, "Dismiss"));
}

function heading(who, message) {
  return h("div", { class: "who" }, h("b", {}, who.name), who.app ? h("span", { class: "badge" }, "APP") : null, time(message.ts));
}

function said(message, channel, editing) {
  if (editing) return editor(message, channel);
  if (message.subtype === "tombstone") return h("p", { class: "gone" }, "This message was deleted.");
  const writing = message.streaming_state === "in_progress" ? h("span", { class: "writing", role: "status", "aria-label": "Still writing" }) : null;
  const edited = message.edited && !message.streaming_state ? h("small", { class: "edited" }, "(edited)") : null;
  return [h("div", { class: "blocks" }, content(message, surface(message, channel)), writing, edited), files(message), reactions(message, channel)];
}

/** `how` is {joined, inThread, unseen, editing}: what the row depends on beside the message itself. */
export function row(message, channel, how) {
  const who = author(message);
  const canReply = !how.inThread && !message.ephemeral;
  const classes = ["message", message.ephemeral ? "ephemeral" : "", how.joined ? "joined" : "", how.editing ? "editing" : ""];
  return h("article", { class: classes.join(" "), "data-ts": message.ts, tabindex: "-1", "aria-label": `${who.name}, ${clock(message.ts)}` },
    how.joined ? h("span", { class: "avatar-space" }, time(message.ts, brief(message.ts))) : avatar(who),
    h("div", { class: "content" },
      message.ephemeral ? onlyYou(message, channel) : null,
      how.joined ? null : heading(who, message),
      said(message, channel, how.editing),
      canReply && message.reply_count ? replies(message, how.unseen) : null),
    how.editing ? null : actions(message, channel, how.inThread));
}
