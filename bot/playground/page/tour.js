/** The guided tour: what to try next, ticked off as it really happens, each with a way to its place. */
import { h, toast } from "./dom.js";
import { icon } from "./icons.js";
import { reveal } from "./messages.js";
import { onChange, openThread, people, state } from "./state.js";
import { visit } from "./sidebar.js";
import { become } from "./stream.js";
import { threadField, threadList } from "./thread.js";

const KEY = "tour";
const PATIENCE_MS = 3000;
let all = false;
let away = localStorage.getItem(KEY) === "away";

/** What the tour's drawing depends on beside its steps. */
export const howShown = () => [away, all];
export const dismissed = () => away;

function put(value, redraw) {
  away = value;
  localStorage.setItem(KEY, value ? "away" : "here");
  redraw();
}

/** Try at once and after each drawing, until it works or patience ends. */
function soon(deed) {
  const until = Date.now() + PATIENCE_MS;
  let done = false;
  const attempt = () => {
    if (done || Date.now() > until) return;
    done = deed();
  };
  onChange(attempt);
  requestAnimationFrame(attempt);
}

function point(node) {
  node?.scrollIntoView({ block: "nearest" });
  node?.classList.add("pointed");
  setTimeout(() => node?.classList.remove("pointed"), 4000);
  node?.focus({ preventScroll: true });
}

/** Bring the person to where a step happens: `place` is {fault} or {channel, ts, thread, user, action, write}. */
async function show(place) {
  if (place.fault) return point(document.querySelector(`[data-fault="${CSS.escape(place.fault)}"]`));
  if (place.user && place.user !== state.me && people().some((each) => each.id === place.user)) {
    await become(place.user);
    toast(`You are ${people().find((each) => each.id === place.user).name} now.`);
  }
  if (state.channel !== place.channel || state.tab !== "messages") visit(place.channel);
  if (place.thread) openThread(place.thread);
  const list = () => (place.thread ? threadList() : document.getElementById("messages"));
  const within = place.action ? `[data-action^="${CSS.escape(place.action)}"]` : place.part;
  soon(() => {
    if (!list() || !reveal(list(), place.ts ?? place.thread, within)) return false;
    if (place.write) threadField().write(place.write);
    return true;
  });
}

function step(each, current, leave) {
  const here = each.key === current;
  return h("li", { class: each.done ? "done" : here ? "current" : "", "data-step": each.key, "aria-current": here ? "step" : null },
    h("span", { class: "tick", role: "img", "aria-label": each.done ? "Done" : "To do" }, each.done ? icon("check") : null),
    h("div", {}, h("b", {}, each.title), here ? h("p", {}, each.how) : null,
      here && each.place ? h("button", { type: "button", class: "button plain show-me", "data-focus": `show ${each.key}`, onclick: () => { if (!each.place.fault) leave(); show(each.place); } }, "Show me") : null));
}

/** Around the next step only, unless all are wanted. */
function inSight(steps, next) {
  if (all || !next) return steps;
  const at = steps.indexOf(next);
  return steps.slice(Math.max(0, at - 1), at + 2);
}

export const nextStep = (steps) => steps.find((each) => !each.done);

/** The tour's section. `redraw` draws the panel again; `leave` gives the room to the conversation. */
export function tour(steps, { redraw, leave }) {
  const next = nextStep(steps);
  const done = steps.filter((each) => each.done).length;
  if (away) {
    return h("p", { class: "tour-away" }, h("button", { type: "button", class: "plain-link", "data-focus": "tour", onclick: () => put(false, redraw) }, "Go on with the tour"), ` (${done} of ${steps.length})`);
  }
  return h("section", { class: "tour", "aria-label": "Guided tour" },
    h("header", {}, h("h3", {}, next ? "Next: try" : "You have seen it all"), h("small", {}, `${done} of ${steps.length}`),
      h("button", { type: "button", class: "icon", "aria-label": "Hide the tour", title: "Hide the tour; it can be resumed", "data-focus": "tour", onclick: () => put(true, redraw) }, icon("close"))),
    h("ol", {}, inSight(steps, next).map((each) => step(each, next?.key, leave))),
    next ? h("button", { type: "button", class: "plain-link all-steps", "data-focus": "all steps", "aria-expanded": String(all), onclick: () => { all = !all; redraw(); } }, all ? "Fewer" : `All ${steps.length} steps`) : null);
}
