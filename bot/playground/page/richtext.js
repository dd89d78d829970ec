/** The `rich_text` block: sections, lists, preformatted text and quotes. */
import { h, link } from "./dom.js";
import { emoji, pictured } from "./emoji.js";
import { date, mention } from "./mrkdwn.js";
import { channelName, userName } from "./state.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", underline: "u", code: "code" };

const PIECES = {
  text: (piece) => pictured(piece.text),
  link: (piece) => [link(piece.url, piece.text ?? piece.url)],
  emoji: (piece) => [emoji(piece.name) ?? piece.unicode?.replace(/\w+-?/g, point) ?? `:${piece.name}:`],
  user: (piece) => [mention(`@${userName(piece.user_id)}`)],
  usergroup: () => [mention("@group")],
  channel: (piece) => [mention(`#${channelName(piece.channel_id)}`)],
  broadcast: (piece) => [mention(`@${piece.range}`)],
  date: (piece) => [date(piece.timestamp, piece.format ?? "{date_short} {time}", piece.fallback ?? "")],
  color: (piece) => [h("code", {}, piece.value)],
};

const point = (part) => String.fromCodePoint(Number.parseInt(part, 16));

function pieces(elements = []) {
  return elements.flatMap((piece) => {
    const made = PIECES[piece.type]?.(piece) ?? [h("code", {}, JSON.stringify(piece))];
    return Object.keys(STYLES).filter((style) => piece.style?.[style])
      .reduce((inner, style) => [h(STYLES[style], {}, ...inner)], made);
  });
}

function list(element) {
  const tag = element.style === "ordered" ? "ol" : "ul";
  const start = element.offset ? element.offset + 1 : null;
  return h(tag, { class: `depth-${Math.min(3, element.indent ?? 0)}`, start },
    (element.elements ?? []).map((item) => h("li", {}, ...pieces(item.elements))));
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "text" }, ...pieces(part.elements)),
  rich_text_list: list,
  rich_text_preformatted: (part) => h("pre", {}, ...pieces(part.elements)),
  rich_text_quote: (part) => h("blockquote", {}, ...pieces(part.elements)),
};

/** Nodes of a rich_text block; a part that is not known throws, and the block is then shown as JSON. */
export function richText(block) {
  return (block.elements ?? []).map((part) => PARTS[part.type](part));
}
