/** Emoji beneath a message, and the picker to add one. */
import { post } from "./api.js";
import { h, toast } from "./dom.js";
import { emoji, NAMES } from "./emoji.js";
import { icon } from "./icons.js";
import { popUp } from "./popup.js";
import { state, userName } from "./state.js";

export async function react(message, channel, name) {
  const answer = await post("/human/react", { user: state.me, channel, ts: message.ts, name });
  if (!answer.ok) toast(`The reaction was not taken: ${answer.error}`);
}

/** Let a person pick an emoji beside `anchor`; `choose` gets its name. */
export function pickEmoji(anchor, choose) {
  const popup = popUp(anchor, "Emoji", h("div", { class: "emoji-grid" }, NAMES.map((name) => h("button", {
    type: "button", title: `:${name}:`, "aria-label": name, onclick: () => {
      popup.hidePopover();
      choose(name);
    },
  }, emoji(name)))));
}

function pill(each, message, channel) {
  const mine = each.users.includes(state.me);
  const who = each.users.map(userName).join(", ");
  return h("button", {
    type: "button", class: "reaction", "aria-pressed": String(mine), title: `${who}: :${each.name}:`, "aria-label": `${each.name}, ${each.count}, ${who}`,
    "data-focus": `reaction/${message.ts}/${each.name}`, onclick: () => react(message, channel, each.name),
  }, emoji(each.name) ?? `:${each.name}:`, h("span", {}, String(each.count)));
}

export function reactions(message, channel) {
  if (!message.reactions?.length) return null;
  const more = h("button", {
    type: "button", class: "reaction more", "aria-label": "Add a reaction", title: "Add a reaction", onclick: () => pickEmoji(more, (name) => react(message, channel, name)),
  }, icon("smile"));
  return h("div", { class: "reactions" }, message.reactions.map((each) => pill(each, message, channel)), more);
}
