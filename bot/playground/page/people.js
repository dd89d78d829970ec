/** Who speaks, and the picture beside the name. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { bot, user } from "./state.js";

const TINTS = 6;

/** {name, app, id} of whoever wrote a message; an app is always marked as one. */
export function author(message) {
  if (message.note) return { name: "Workspace", app: false, note: true };
  const person = message.ephemeral ? null : user(message.user);
  if (person && !person.is_bot && !message.bot_id) return { name: person.name, app: false, id: person.id };
  return { name: message.username ?? person?.name ?? bot()?.name ?? "App", app: true, id: "app" };
}

const initial = (name) => [...name.replace(/^N3 /, "").trim()][0] ?? "?";

/** What stands before a channel's name. */
export const sign = (channel) => h("span", { class: "sign", "aria-hidden": "true" }, channel.private ? icon("lock") : "#");

export function avatar(who) {
  const tint = [...(who.id ?? who.name)].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % TINTS;
  const look = who.note ? "note" : who.app || who.is_bot ? "app" : `tint-${tint}`;
  return h("span", { class: `avatar ${look}`, "aria-hidden": "true" }, look.startsWith("tint") ? initial(who.name) : null);
}
