/** Slack's mrkdwn as nodes. The three entities are undone only inside text nodes, so nothing can become markup. */
import { h, link, scan } from "./dom.js";
import { emojiRule, pictured, withEmoji } from "./emoji.js";
import { channelName, userName } from "./state.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
export const plain = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
const words = (text) => pictured(plain(text));

export function mention(label) {
  return h("span", { class: "mention" }, label);
}

export function date(seconds, pattern, otherwise) {
  const day = new Date(Number(seconds) * 1000);
  if (Number.isNaN(day.getTime())) return otherwise;
  const long = { year: "numeric", month: "long", day: "numeric" };
  const parts = {
    date: () => day.toLocaleDateString([], long),
    date_num: () => day.toISOString().slice(0, 10),
    date_short: () => day.toLocaleDateString([], { ...long, month: "short" }),
    date_long: () => day.toLocaleDateString([], { ...long, weekday: "long" }),
    time: () => day.toLocaleTimeString([], { timeStyle: "short" }),
    time_secs: () => day.toLocaleTimeString(),
  };
  return pattern.replace(/\{(\w+)\}/g, (token, name) => parts[name.replace("_pretty", "")]?.() ?? token);
}

function command(body) {
  const [head, label] = [body.split("|")[0], body.split("|").slice(1).join("|")];
  if (head.startsWith("!date^")) {
    const [, seconds, pattern] = head.split("^");
    return h("time", {}, date(seconds, plain(pattern ?? ""), plain(label)));
  }
  if (head.startsWith("!subteam^")) return mention(plain(label) || "@group");
  return mention(`@${plain(label) || head.slice(1)}`);
}

/** What stands between < and >: a mention, a command, a link; anything else stays as it was written. */
function angled([whole, body]) {
  const [head, ...rest] = body.split("|");
  const label = rest.join("|");
  if (/^@[UW]\w+$/.test(head)) return mention(`@${userName(head.slice(1))}`);
  if (/^#C\w+$/.test(head)) return mention(`#${label ? plain(label) : channelName(head.slice(1))}`);
  if (/^!(here|channel|everyone|date\^|subteam\^)/.test(head)) return command(body);
  if (/^(https?|mailto):/i.test(head)) return link(plain(head), ...words(label || head.replace(/^mailto:/i, "")));
  return h("span", {}, plain(whole));
}

const styled = (tag) => (match) => h(tag, {}, ...inline(match[1]));
const RULES = [
  [/`([^`\n]+)`/g, (match) => h("code", {}, plain(match[1]))],
  [/<([^<>\n]+)>/g, angled],
  emojiRule,
  [/(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])/g, styled("strong")],
  [/(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])/g, styled("em")],
  [/(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])/g, styled("s")],
];

// Every level of styling scans again, with its own positions: expressions are copied, not shared.
function inline(text) {
  return scan(text, RULES.map(([expression, make]) => [new RegExp(expression), make]), words);
}

function paragraphs(text) {
  const nodes = [];
  for (const run of text.split(/((?:^(?:>|&gt;).*(?:\n|$))+)/m)) {
    if (!run) continue;
    if (/^(>|&gt;)/.test(run)) {
      nodes.push(h("blockquote", {}, ...inline(run.replace(/^(?:>|&gt;) ?/gm, "").replace(/\n$/, ""))));
    } else nodes.push(...inline(run));
  }
  return nodes;
}

/** Nodes of one mrkdwn text. */
export function mrkdwn(text) {
  const pieces = (text ?? "").split(/```([\s\S]+?)```\n?/);
  return pieces.flatMap((piece, index) => (index % 2 ? [h("pre", {}, plain(piece.replace(/^\n|\n$/g, "")))] : paragraphs(piece)));
}

/** Nodes of a text object ({type: mrkdwn|plain_text, text}). */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return object.emoji === false ? pictured(object.text) : withEmoji(object.text);
}
