/** The `markdown` block: the common part of standard Markdown, built as nodes. */
import { h, link, scan } from "./dom.js";
import { emojiRule, pictured } from "./emoji.js";

const styled = (tag) => (match) => h(tag, {}, ...inline(match[1]));
const RULES = [
  [/`([^`\n]+)`/g, (match) => h("code", {}, match[1])],
  [/\[([^\]\n]+)\]\(([^()\s]+)\)/g, (match) => link(match[2], ...inline(match[1]))],
  [/https?:\/\/[^\s<>()]+/g, (match) => link(match[0], match[0])],
  [/\*\*(?=\S)([^\n]+?)\*\*/g, styled("strong")],
  [/__(?=\S)([^\n]+?)__/g, styled("strong")],
  [/~~(?=\S)([^\n]+?)~~/g, styled("s")],
  [/(?<![\w*])\*(?=\S)([^*\n]+?)\*(?![\w*])/g, styled("em")],
  [/(?<!\w)_(?=\S)([^_\n]+?)_(?!\w)/g, styled("em")],
  emojiRule,
];

function inline(text) {
  return scan(text, RULES.map(([expression, make]) => [new RegExp(expression), make]), pictured);
}

const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));

function table(rows) {
  const [head, , ...body] = rows;
  return h("div", { class: "table" }, h("table", {},
    h("thead", {}, h("tr", {}, cells(head).map((cell) => h("th", { scope: "col" }, ...cell)))),
    h("tbody", {}, body.map((row) => h("tr", {}, cells(row).map((cell) => h("td", {}, ...cell)))))));
}

function list(lines, numbered) {
  const start = numbered ? lines[0].match(/\d+/)[0] : null;
  return h(numbered ? "ol" : "ul", { start }, lines.map((line) => {
    const depth = Math.min(3, Math.floor(line.match(/^ */)[0].length / 2));
    return h("li", { class: `depth-${depth}` }, ...inline(line.replace(/^\s*(?:[-*+]|\d+[.)])\s+/, "")));
  }));
}

// In order: the first that fits a line takes it, with the lines below that fit as well.
const SHAPES = [
  [/^#{1,6}\s/, null, ([line]) => h("h4", {}, ...inline(line.replace(/^#+\s+/, "")))],
  [/^\s*([-*_])(\s*\1){2,}\s*$/, null, () => h("hr")],
  [/^>/, /^>/, (lines) => h("blockquote", {}, ...inline(lines.map((line) => line.replace(/^> ?/, "")).join("\n")))],
  [/^\s*[-*+]\s/, /^\s*[-*+]\s/, (lines) => list(lines, false)],
  [/^\s*\d+[.)]\s/, /^\s*\d+[.)]\s/, (lines) => list(lines, true)],
  [/^\|.*\|/, /^\|/, (lines) => (lines.length > 2 ? table(lines) : h("p", {}, ...inline(lines.join("\n"))))],
  [/^\s*$/, /^\s*$/, () => null],
  [/./, /^(?!#|>|\||```|\s*[-*+]\s|\s*\d+[.)]\s)\s*\S/, (lines) => h("p", {}, ...inline(lines.join("\n")))],
];

export function markdown(text) {
  const nodes = [];
  const pieces = (text ?? "").split(/^```[^\n]*\n([\s\S]*?)^```[^\n]*$\n?/m);
  pieces.forEach((piece, index) => {
    if (index % 2) nodes.push(h("pre", {}, piece.replace(/\n$/, "")));
    else nodes.push(...lines(piece.split("\n")));
  });
  return nodes;
}

function lines(rows) {
  const nodes = [];
  while (rows.length) {
    const [, more, make] = SHAPES.find(([first]) => first.test(rows[0]));
    const taken = [rows.shift()];
    while (more && rows.length && more.test(rows[0])) taken.push(rows.shift());
    nodes.push(make(taken));
  }
  return nodes;
}
