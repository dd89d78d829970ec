/** Who you are, the channels, and the app. */
import { h } from "./dom.js";
import { become, bot, isDirect, myChannels, openChannel, people, state, unread } from "./state.js";

const box = document.getElementById("sidebar");
let drawn = "";

function entry(channel, label, sign) {
  const here = channel.id === state.channel;
  const count = here ? 0 : unread(channel.id);
  return h("li", {}, h("button", {
    type: "button", class: `channel ${count ? "unread" : ""}`, "aria-current": here ? "page" : null, "data-channel": channel.id, "data-focus": channel.id,
    "aria-label": count ? `${label}, ${count} unread` : label,
    onclick: () => { document.body.classList.remove("menu-open"); openChannel(channel.id); },
  }, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", { class: "name" }, label), count ? h("span", { class: "count" }, String(count)) : null));
}

function who() {
  const node = h("select", { id: "me", "data-focus": "me", onchange: () => become(node.value) },
    people().map((each) => h("option", { value: each.id, title: each.title }, each.name)));
  node.value = state.me;
  return h("label", { class: "you" }, "You are", node);
}

export function drawSidebar() {
  const rooms = myChannels().filter((each) => !isDirect(each));
  const direct = myChannels().filter(isDirect);
  const print = JSON.stringify([state.me, state.channel, state.team, state.users, state.connected, myChannels().map((each) => [each.id, each.name, unread(each.id)])]);
  if (print === drawn) return;
  drawn = print;
  const focus = document.activeElement?.closest("#sidebar [data-focus]")?.dataset.focus;
  box.replaceChildren(h("div", {}, h("h1", {}, state.team.name), who(),
    h("h2", {}, "Channels"), h("ul", {}, rooms.map((each) => entry(each, each.name, each.private ? "▪" : "#"))),
    direct.length ? [h("h2", {}, "Apps"), h("ul", {}, direct.map((each) => entry(each, bot()?.name ?? "App", "●")))] : null,
    state.connected ? null : h("p", { class: "offline", role: "status" }, "Reconnecting…")));
  if (focus) box.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}
