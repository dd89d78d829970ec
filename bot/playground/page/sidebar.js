/** Who you are, the channels, and the app. */
import { post } from "./api.js";
import { h } from "./dom.js";
import { avatar, sign } from "./people.js";
import { arrive, calls, unread } from "./reads.js";
import { bot, isDirect, myChannels, openChannel, people, state, title, user } from "./state.js";
import { become } from "./stream.js";
import { themeButton } from "./theme.js";

const box = document.getElementById("sidebar");
let drawn = "";

/** Go to a channel as a person does: the line above the news is drawn where they stopped reading. */
export function visit(id, tab) {
  if (id !== state.channel || state.tab !== "messages") arrive(id);
  document.body.classList.remove("menu-open");
  openChannel(id, tab);
  // as Slack does, so that the app knows when its conversation is opened
  if (id.startsWith("D") && tab !== "home") post("/human/home", { user: state.me, tab: "messages" });
}

function news(channel) {
  if (channel.id === state.channel && document.visibilityState === "visible" && state.tab === "messages") return { fresh: 0, count: calls(channel.id) };
  return { fresh: unread(channel.id).length, count: calls(channel.id) };
}

function entry(channel) {
  const { fresh, count } = news(channel);
  const label = title(channel);
  const mark = isDirect(channel) ? avatar(bot()) : sign(channel);
  return h("li", {}, h("button", {
    type: "button", class: `channel ${fresh || count ? "unread" : ""}`, "aria-current": channel.id === state.channel ? "page" : null,
    "data-channel": channel.id, "data-focus": channel.id,
    "aria-label": fresh || count ? `${label}, ${fresh} unread${count ? `, ${count} for you` : ""}` : label,
    onclick: () => visit(channel.id),
  }, mark, h("span", { class: "name" }, label), count ? h("span", { class: "count" }, String(count)) : null));
}

function who() {
  const me = user(state.me);
  const node = h("select", { id: "me", "data-focus": "me", "aria-label": "You are", onchange: () => become(node.value) },
    people().map((each) => h("option", { value: each.id, title: each.title }, each.name)));
  node.value = state.me;
  return h("div", { class: "you" }, me ? avatar(me) : null, h("label", {}, h("small", {}, "You are"), node, me?.title ? h("small", { class: "role" }, me.title) : null));
}

export function drawSidebar() {
  const rooms = myChannels().filter((each) => !isDirect(each));
  const direct = myChannels().filter(isDirect);
  const marks = myChannels().map((each) => [each.id, each.name, news(each)]);
  const print = JSON.stringify([state.me, state.channel, state.team, state.users, state.connected, marks]);
  if (print === drawn) return;
  drawn = print;
  const focus = document.activeElement?.closest("#sidebar [data-focus]")?.dataset.focus;
  box.replaceChildren(
    h("header", {}, h("h1", {}, state.team.name), themeButton()),
    h("div", { class: "places" },
      h("h2", {}, "Channels"), h("ul", {}, rooms.map(entry)),
      direct.length ? [h("h2", {}, "Apps"), h("ul", {}, direct.map(entry))] : null,
      state.connected ? null : h("p", { class: "offline", role: "status" }, "Reconnecting…")),
    who());
  if (focus) box.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}
