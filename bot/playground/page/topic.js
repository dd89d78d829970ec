/** The line above the messages: where one is, and the tabs of the app. */
import { post } from "./api.js";
import { follow, h, toast } from "./dom.js";
import { icon } from "./icons.js";
import { showKeys } from "./keys.js";
import { avatar, sign } from "./people.js";
import { visit } from "./sidebar.js";
import { bot, changed, channel, isDirect, state, title } from "./state.js";
import { openSwitcher } from "./switcher.js";

const topic = document.getElementById("topic");

async function openHome() {
  visit(state.channel, "home");
  state.homeAsked = Date.now();
  const answer = await post("/human/home", { user: state.me });
  if (!answer.ok) toast(`Home failed with the error "${answer.error}"`);
  setTimeout(changed, 3000);
}

function tab(name, label, open) {
  return h("button", { type: "button", role: "tab", "aria-selected": String(state.tab === name), "data-tab": name, "data-focus": `tab ${name}`, onclick: open }, label);
}

const menu = () => h("button", {
  type: "button", class: "icon menu-button", "aria-label": "Channels", onclick: () => document.body.classList.toggle("menu-open"),
}, icon("menu"));

function build(here) {
  const direct = here && isDirect(here);
  const name = h("h2", {}, here && !direct ? sign(here) : null,
    direct ? avatar(bot()) : null, h("span", { class: "name" }, here ? title(here) : "No channel"));
  const tabs = h("div", { class: "tabs", role: "tablist" }, tab("home", "Home", openHome), tab("messages", "Messages", () => visit(state.channel)));
  return h("div", {}, menu(), name, direct ? tabs : null, h("span", { class: "grow" }),
    h("button", { type: "button", class: "jump", title: "Jump to (Ctrl+K)", onclick: openSwitcher }, icon("search"), h("span", {}, "Jump to…"), h("kbd", {}, "Ctrl K")),
    h("button", { type: "button", class: "icon not-phone", "aria-label": "Keyboard", title: "Keyboard (?)", onclick: showKeys }, icon("keys")));
}

export function drawTopic() {
  const here = channel();
  follow(topic, [{ key: "title", print: JSON.stringify([here, bot()?.name, state.tab, state.me]), build: () => build(here) }]);
}
