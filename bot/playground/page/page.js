/** Puts the parts together: everything is drawn from the state, again after each change. */
import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { startDemo } from "./demo.js";
import { follow, h, toast } from "./dom.js";
import { drawMessages } from "./messages.js";
import { drawModal, viewSurface } from "./modal.js";
import { drawSidebar } from "./sidebar.js";
import { bot, changed, isDirect, load, markSeen, onChange, openChannel, showView, state } from "./state.js";
import { drawThread, unseenReplies } from "./thread.js";

const topic = document.getElementById("topic");
const list = document.getElementById("messages");
const footer = document.getElementById("composer");
let field = null;

const closeMenu = () => document.body.classList.remove("menu-open");
const current = () => state.channels.find((each) => each.id === state.channel);

async function openHome() {
  openChannel(state.channel, "home");
  const answer = await post("/human/home", { user: state.me });
  if (answer.view) showView(answer.view);
  if (!answer.ok) toast(`Home failed with the error "${answer.error}"`);
}

function tab(name, label, open) {
  return h("button", { type: "button", role: "tab", "aria-selected": String(state.tab === name), "data-tab": name, onclick: open }, label);
}

function drawTopic() {
  const channel = current();
  const direct = channel && isDirect(channel);
  const menu = h("button", { type: "button", class: "icon menu-button", "aria-label": "Channels", onclick: () => document.body.classList.toggle("menu-open") }, "☰");
  const title = channel ? (direct ? bot()?.name ?? "App" : `${channel.private ? "▪" : "#"} ${channel.name}`) : "No channel";
  const tabs = h("div", { class: "tabs", role: "tablist" },
    tab("messages", "Messages", () => openChannel(state.channel)), tab("home", "Home", openHome));
  follow(topic, [{ key: "title", print: `${title} ${state.tab} ${state.me}`, build: () => h("div", {}, menu, h("h2", {}, title), direct ? tabs : null) }]);
}

function drawHome() {
  const view = state.home;
  list.dataset.place = "home";
  const surface = view && viewSurface(view, (error) => toast(`The app failed with the error "${error}"`));
  const build = () => h("div", { class: "home blocks" }, view ? blocks(view.blocks, surface) : h("p", {}, "This app has not shown a Home yet."));
  follow(list, [{ key: `home ${state.me}`, print: JSON.stringify(view), build }]);
}

function drawMain() {
  const channel = current();
  const home = state.tab === "home";
  footer.hidden = home || !channel;
  if (home) return drawHome();
  if (!channel) return list.replaceChildren();
  if (document.visibilityState === "visible") markSeen(channel.id);
  drawMessages(list, channel.id, null, unseenReplies);
  const label = `Message ${isDirect(channel) ? bot()?.name ?? "the app" : `#${channel.name}`}`;
  field.placeholder = label;
  field.setAttribute("aria-label", label);
  field.draft();
}

function draw() {
  drawTopic();
  drawThread();
  drawMain();
  drawSidebar();
  drawModal();
  document.title = `${current()?.name ?? "Workspace"} | ${state.team.name}`;
}

async function start() {
  footer.append(composer({ label: "Message", place: () => ({ channel: state.channel, thread: null }) }));
  field = footer.querySelector("textarea");
  onChange(draw);
  history.replaceState(null, "", "/"); // the cookie has the token now; the address bar need not show it
  document.addEventListener("visibilitychange", changed);
  document.addEventListener("click", ({ target }) => { if (!target.closest("#sidebar, .menu-button")) closeMenu(); });
  document.addEventListener("keydown", ({ key }) => { if (key === "Escape") closeMenu(); });
  const answer = await load();
  if (answer.error) return toast(`The workspace cannot be read: ${answer.error}`);
  changed();
  if (state.demo) startDemo();
}

start();
