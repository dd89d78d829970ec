/** What an agent does while it writes: tasks with where they stand, alone or together in a plan. */
import { h, link } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { richText } from "./richtext.js";

const WORDS = { pending: "To do", in_progress: "Under way", complete: "Done", error: "Failed" };
const SIGNS = { complete: "check", error: "close" };

const source = (each) => h("li", {}, link(each.url, each.text ?? each.url));

export function task(card) {
  const status = Object.hasOwn(WORDS, card.status) ? card.status : "pending";
  return h("div", { class: `task ${status}` },
    h("span", { class: "tick", role: "img", "aria-label": WORDS[status] }, SIGNS[status] ? icon(SIGNS[status]) : null),
    h("div", { class: "body" }, h("b", { class: "name" }, ...withEmoji(card.title)),
      card.details ? h("div", { class: "details" }, ...richText(card.details)) : null,
      card.output ? h("div", { class: "details" }, ...richText(card.output)) : null,
      card.sources?.length ? h("ul", { class: "sources" }, card.sources.map(source)) : null));
}

export function plan(block) {
  return h("div", { class: "plan" }, h("h4", {}, ...withEmoji(block.title)), (block.tasks ?? []).map(task));
}
