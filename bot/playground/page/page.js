/** Puts the parts together: everything is drawn from the state, again after each change. */
import { composer } from "./composer.js";
import { startDemo } from "./demo.js";
import { toast } from "./dom.js";
import { drawHome } from "./home.js";
import { listenToKeys } from "./keys.js";
import { drawMessages } from "./messages.js";
import { drawModal } from "./modal.js";
import { arrive, calls, markRead } from "./reads.js";
import { drawSidebar } from "./sidebar.js";
import { changed, channel, isDirect, myChannels, onChange, state, title } from "./state.js";
import { load } from "./stream.js";
import { drawThread } from "./thread.js";
import { drawTopic } from "./topic.js";

const main = document.getElementById("main");
const list = document.getElementById("messages");
const footer = document.getElementById("composer");
const isVisible = () => document.visibilityState === "visible";
let field = null;

function drawMain() {
  const here = channel();
  const home = state.tab === "home";
  footer.hidden = home || !here || here.archived;
  document.getElementById("archived").hidden = home || !here?.archived;
  if (home) return drawHome(list);
  if (!here) return list.replaceChildren();
  if (isVisible()) markRead(here.id);
  drawMessages(list, here.id);
  const label = `Message ${isDirect(here) ? title(here) : `#${here.name}`}`;
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
  const count = myChannels().reduce((sum, each) => sum + calls(each.id), 0);
  document.title = `${count ? `(${count}) ` : ""}${channel() ? title(channel()) : "Workspace"} | ${state.team.name}`;
}

function comeBack() {
  if (isVisible() && state.channel) arrive(state.channel);
  changed();
}

async function start() {
  footer.append(composer({ label: "Message", place: () => ({ channel: state.channel, thread: null }), area: main }));
  field = footer.querySelector("textarea");
  onChange(draw);
  history.replaceState(null, "", "/"); // the cookie has the token now; the address bar need not show it
  document.addEventListener("visibilitychange", comeBack);
  document.addEventListener("click", ({ target }) => { if (!target.closest("#sidebar, .menu-button")) document.body.classList.remove("menu-open"); });
  listenToKeys();
  const answer = await load();
  if (answer.error) return toast(`The workspace cannot be read: ${answer.error}`);
  comeBack();
  if (state.demo) startDemo();
}

start();
