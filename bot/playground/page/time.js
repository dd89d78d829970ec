/** Moments as people read them: the clock, the day, and how long ago; relative words are kept current. */
import { h } from "./dom.js";

const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", 4.35], ["month", 12], ["year", Infinity]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const moment = (ts) => new Date(Number(ts) * 1000);
export const clock = (ts) => moment(ts).toLocaleTimeString([], { timeStyle: "short" });
/** The clock without AM or PM, for narrow places. */
export const brief = (ts) => clock(ts).replace(/\s?[AP]M$/i, "");
const whole = (ts) => moment(ts).toLocaleString([], { dateStyle: "full", timeStyle: "medium" });

export function ago(ts) {
  let left = (Date.now() - moment(ts)) / 1000;
  if (left < 20) return "just now";
  for (const [unit, size] of STEPS) {
    if (left < size) return words.format(-Math.floor(left), unit);
    left /= size;
  }
  return whole(ts);
}

export const sameDay = (one, other) => moment(one).toDateString() === moment(other).toDateString();

export function day(ts) {
  const then = moment(ts);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return then.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}

/** The clock; whole date and "3 minutes ago" on hover. */
export function time(ts, label = clock(ts)) {
  const node = h("time", { datetime: moment(ts).toISOString(), onmouseenter: () => node.setAttribute("title", `${whole(ts)}\n${ago(ts)}`) }, label);
  return node;
}

/** "3 minutes ago", brought up to date twice a minute; whole date on hover. */
export function since(ts, before = "") {
  return h("time", { datetime: moment(ts).toISOString(), title: whole(ts), "data-since": ts, "data-before": before }, before + ago(ts));
}

setInterval(() => {
  for (const node of document.querySelectorAll("[data-since]")) node.textContent = node.dataset.before + ago(node.dataset.since);
}, 30000);
