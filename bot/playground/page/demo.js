/** The demo beside the workspace: how the shop is, what can be broken, a storm, what to try next. */
import { get, post } from "./api.js";
import { confirmed } from "./confirm.js";
import { follow, h, toast } from "./dom.js";
import { icon } from "./icons.js";
import { sparkline } from "./sparkline.js";
import { state } from "./state.js";
import { load } from "./stream.js";
import { onThread } from "./thread.js";
import { dismissed, howShown, nextStep, tour } from "./tour.js";

const EVERY_MS = 1000;
const WORDS = { ok: "Healthy", degraded: "Degraded", down: "Down", starting: "Starting", unknown: "No answer" };
const panel = document.getElementById("demo");
const narrow = window.matchMedia("(max-width: 899px)");
let seen = null;
let run = null;
let storming = null;

async function act(button, name, parameters) {
  button.setAttribute("aria-busy", "true");
  const answer = await post("/demo/act", { name, arguments: parameters });
  button.removeAttribute("aria-busy");
  if (!answer.ok) toast(`That did not work: ${answer.error}`);
  await poll();
}

const byHand = (each) => h("button", {
  type: "button", class: "plain-link", "data-focus": `mend ${each.name}`, onclick: (event) => act(event.currentTarget, "mend", { fault: each.name }),
}, each.by_hand);

function fault(each) {
  const button = h("button", {
    type: "button", class: "button plain breaks", disabled: each.active, "data-fault": each.name, "data-focus": `fault ${each.name}`,
    "aria-label": each.active ? `Broken: ${each.title}` : `Break it: ${each.title}`, onclick: () => act(button, "break", { fault: each.name }),
  }, each.active ? "Broken" : "Break");
  return h("li", { class: each.active ? "active" : null }, h("b", {}, each.title), button, h("small", {}, each.what), each.by_hand ? byHand(each) : null);
}

/** One row: what, its last two minutes, and how much now. */
function number(each) {
  return h("div", { class: each.bad ? "bad" : null }, h("dt", {}, each.name), sparkline(each.history ?? [], each.unit === "%" ? 30 : 10),
    h("dd", {}, String(each.value), h("small", {}, ` ${each.unit ?? ""}`)));
}

function progress(storm) {
  const words = storm.error ? `The storm ended early: ${storm.error}`
    : storm.sent < storm.of ? `${storm.sent} of ${storm.of} alerts sent`
      : `${storm.of} alerts sent; ${storm.incidents} ${storm.incidents === 1 ? "incident" : "incidents"} opened`;
  return h("div", { class: "storm-progress", role: "status" }, h("progress", { max: String(storm.of), value: storm.sent, "aria-label": "Alerts sent" }), h("small", {}, words));
}

/** The button for a storm, and for which fault; what runs shows how far it is. */
function storm(faults, running) {
  const busy = Boolean(running) && !running.ended;
  storming = faults.some((each) => each.name === storming) ? storming : faults[0].name;
  const choice = h("select", { class: "field", "aria-label": "Alerts of which fault", "data-focus": "storm-of", disabled: busy, onchange: () => { storming = choice.value; } },
    faults.map((each) => h("option", { value: each.name }, each.title)));
  choice.value = storming;
  const button = h("button", { type: "button", class: "button plain", disabled: busy, "data-focus": "storm", "data-storm": "", onclick: () => act(button, "storm", { fault: choice.value }) },
    icon("storm"), "Storm: 300 alerts");
  return h("section", { class: "storm" }, h("h3", {}, "Or a storm of one of them"), choice, button, running ? progress(running) : null);
}

async function startOver(button) {
  const text = (words) => ({ type: "plain_text", text: words });
  const question = { title: text("Start over?"), text: text("All channels are emptied, the shop is repaired, and Vigie forgets what it learned here."), confirm: text("Start over"), deny: text("Cancel"), style: "danger" };
  if (await confirmed(question)) await act(button, "start_over", {});
}

function health(shop) {
  const status = Object.hasOwn(WORDS, shop.status) ? shop.status : "unknown";
  return h("span", { class: `health ${status}`, role: "status" }, WORDS[status]);
}

const startOverButton = () => h("button", {
  type: "button", class: "button plain start-over", "data-focus": "over", onclick: (event) => startOver(event.currentTarget),
}, "Start over");

/** The parts of the panel, each drawn again only when it changed: an open list stays open while numbers run. */
function parts({ shop, faults, storm: running, tour: steps, can_restart: canRestart }) {
  const part = (key, of, build) => ({ key, print: JSON.stringify(of), build });
  return [
    steps?.length ? part("tour", [steps, howShown()], () => tour(steps, { redraw: draw, leave: foldOnPhone })) : null,
    part("summary", shop.summary, () => h("p", { class: "summary" }, shop.summary)),
    shop.numbers?.length ? part("numbers", shop.numbers, () => h("dl", {}, shop.numbers.map(number))) : null,
    faults?.length ? part("faults", faults, () => h("section", {}, h("h3", {}, "Break it"), h("ul", { class: "faults" }, faults.map(fault)))) : null,
    faults?.length ? part("storm", [faults.map((each) => each.title), running], () => storm(faults, running)) : null,
    canRestart ? part("over", null, startOverButton) : null,
  ].filter(Boolean);
}

function head({ shop, tour: steps }) {
  const next = steps?.length && !dismissed() ? nextStep(steps) : null;
  const build = () => h("span", {}, h("h2", {}, "The shop"), health(shop), h("span", { class: "peek" }, next ? `Next: ${next.title}` : ""));
  return [{ key: "head", print: JSON.stringify([shop.status, next?.title]), build }];
}

const heading = h("span", { class: "head" });
const body = h("div", { class: "demo-body", id: "demo-body" });
const handle = h("button", { type: "button", class: "demo-head", "aria-controls": "demo-body", onclick: () => fold(!body.hidden) }, heading, icon("fold"));

function fold(away) {
  body.hidden = away;
  handle.setAttribute("aria-expanded", String(!away));
}

const foldOnPhone = () => { if (narrow.matches) fold(true); };

function draw() {
  follow(heading, head(seen));
  follow(body, parts(seen));
}

/** A demo that started over is another run: everything on the page is read anew. */
async function takeRun(fresh) {
  if (run && fresh && fresh !== run) {
    Object.assign(state, { channel: null, thread: null, ephemerals: [] });
    await load();
    toast("A fresh start.");
  }
  run = fresh ?? run;
}

async function poll() {
  const answer = await get("/demo/state");
  seen = answer.shop ? answer : { shop: { status: "unknown", summary: answer.error ?? "", numbers: [] } };
  if (seen.hints && JSON.stringify(seen.hints) !== JSON.stringify(state.hints)) Object.assign(state, { hints: seen.hints });
  await takeRun(seen.run);
  draw();
}

export async function startDemo() {
  panel.hidden = false;
  document.body.classList.add("has-demo");
  panel.replaceChildren(handle, body);
  fold(narrow.matches);
  narrow.addEventListener("change", () => fold(narrow.matches));
  onThread((channel, ts) => post("/demo/act", { name: "opened", arguments: { channel, ts } }));
  for (;;) {
    await poll();
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
  }
}
