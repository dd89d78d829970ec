/** The demo beside the workspace: how the shop is, what can be broken, what to try next. */
import { get, post } from "./api.js";
import { h, toast } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

const panel = document.getElementById("demo");
const WORDS = { ok: "Healthy", degraded: "Degraded", down: "Down", unknown: "No answer" };
let drawn = "";
let open = window.matchMedia("(min-width: 900px)").matches;

async function act(button, name, parameters) {
  button.setAttribute("aria-busy", "true");
  const answer = await post("/demo/act", { name, arguments: parameters });
  button.removeAttribute("aria-busy");
  if (!answer.ok) toast(`That did not work: ${answer.error}`);
  await poll();
}

function fault(each) {
  const button = h("button", {
    type: "button", class: "button plain breaks", disabled: each.active, "data-fault": each.name, "aria-label": `Break it: ${each.title}`,
    onclick: () => act(button, "break", { fault: each.name }),
  }, each.active ? "Broken" : "Break");
  return h("li", {}, h("div", {}, h("b", {}, each.title), h("small", {}, each.what)), button);
}

function number(each) {
  return h("div", { class: each.bad ? "bad" : null }, h("dt", {}, each.name), h("dd", {}, String(each.value), h("small", {}, ` ${each.unit ?? ""}`)));
}

function restart() {
  return h("button", {
    type: "button", class: "button plain", onclick: (event) => act(event.currentTarget, "start_over", {}),
  }, "Start over");
}

function content({ shop, faults, next, can_restart: canRestart }) {
  const status = Object.hasOwn(WORDS, shop.status) ? shop.status : "unknown";
  const folding = h("details", { open, ontoggle: () => { open = folding.open; } },
    h("summary", {}, h("h2", {}, "The shop"), h("span", { class: `health ${status}`, role: "status" }, WORDS[status])),
    h("p", { class: "summary" }, ...mrkdwn(shop.summary)),
    shop.numbers?.length ? h("dl", {}, shop.numbers.map(number)) : null,
    faults?.length ? [h("h3", {}, "Break it"), h("ul", { class: "faults" }, faults.map(fault))] : null,
    next?.length ? [h("h3", {}, "Next: try"), h("ol", { class: "next" }, next.map((each) => h("li", {}, ...mrkdwn(each))))] : null,
    canRestart ? restart() : null);
  return folding;
}

async function poll() {
  const answer = await get("/demo/state");
  const seen = answer.shop ? answer : { shop: { status: "unknown", summary: answer.error ?? "", numbers: [] } };
  const print = JSON.stringify(seen);
  if (print === drawn) return;
  drawn = print;
  const focus = panel.querySelector("button:focus")?.dataset.fault;
  const scroll = panel.scrollTop;
  panel.replaceChildren(content(seen));
  panel.scrollTop = scroll;
  if (focus) panel.querySelector(`[data-fault="${CSS.escape(focus)}"]`)?.focus();
}

export async function startDemo() {
  panel.hidden = false;
  document.body.classList.add("has-demo");
  for (;;) {
    await poll();
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}
