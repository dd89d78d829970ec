/** Block Kit as nodes. What is not known here is shown as labelled JSON and never dropped. */
import { h, link } from "./dom.js";
import { ELEMENTS } from "./elements.js";
import { fileAddress, own } from "./files.js";
import { markdown } from "./markdown.js";
import { mrkdwn, plain, textObject } from "./mrkdwn.js";
import { plan, task } from "./plan.js";
import { richText } from "./richtext.js";

function asJson(what, value) {
  return h("figure", { class: "unknown" }, h("figcaption", {}, what), h("pre", {}, JSON.stringify(value, null, 2)));
}

const text = (object) => h("div", { class: "text" }, ...textObject(object));

/** `surface` is {id, values, act(block, action, value)}; `acts`: a choice is told to the bot at once. */
function element(each, surface, block, acts = true, label = null) {
  if (each.type === "image") return picture(each);
  const make = Object.hasOwn(ELEMENTS, each.type) ? ELEMENTS[each.type] : null;
  if (!make) return asJson(`Element “${each.type}” is not drawn here`, each);
  return make({ element: each, surface, block, id: each.action_id, acts, label });
}

/** A picture of this workspace; one from elsewhere becomes a link, as the page loads nothing from outside. */
function picture(each) {
  const address = each.image_url ?? each.slack_file?.url ?? "";
  const fileId = each.slack_file?.id ?? each.slack_file?.url?.match(/\/files-pri\/[^/]*-(F\w+)\//)?.[1];
  const here = fileId ? fileAddress(fileId) : own(address);
  if (here) return h("img", { src: here, alt: each.alt_text ?? "", title: each.alt_text });
  return h("span", { class: "picture" }, "Image: ", link(address, plain(each.alt_text || address || each.slack_file?.id || "without an address")));
}

function section(block, surface, id) {
  const body = h("div", { class: "body" }, block.text ? text(block.text) : null,
    block.fields ? h("div", { class: "fields" }, block.fields.map(text)) : null);
  return h("div", { class: "section" }, body,
    block.accessory ? h("div", { class: "accessory" }, element(block.accessory, surface, id)) : null);
}

function context(block) {
  return h("div", { class: "context" }, block.elements.map((each) => (each.type === "image" ? picture(each) : text(each))));
}

function input(block, surface, id) {
  const label = plain(block.label?.text ?? "");
  return h("div", { class: "input" },
    h("div", { class: "label" }, label, block.optional ? h("small", {}, " (optional)") : null),
    element(block.element, surface, id, Boolean(block.dispatch_action), label),
    block.hint ? h("small", { class: "hint" }, ...textObject(block.hint)) : null,
    h("p", { class: "problem", role: "alert", "data-problem": id }));
}

function cell(each) {
  if (each.type === "raw_text") return [each.text];
  if (each.type === "raw_number") return [String(each.text ?? each.value)];
  if (each.type === "rich_text") return richText(each);
  return [asJson(`Cell “${each.type}” is not drawn here`, each)];
}

function table(block) {
  const aligned = (index) => `align-${{ right: "right", center: "center" }[block.column_settings?.[index]?.align] ?? "left"}`;
  const row = (cells, tag) => h("tr", {}, cells.map((each, index) => h(tag, { class: aligned(index) }, ...cell(each))));
  const [head, ...body] = block.rows;
  return h("div", { class: "table" }, h("table", {}, h("thead", {}, row(head, "th")),
    h("tbody", {}, body.map((cells) => row(cells, "td")))));
}

const row = (block, surface, id) => h("div", { class: "actions" }, block.elements.map((each) => element(each, surface, id)));

const BLOCKS = {
  header: (block) => h("h3", {}, ...textObject(block.text)),
  section,
  divider: () => h("hr"),
  context,
  actions: row,
  context_actions: row,
  input,
  markdown: (block) => h("div", { class: "markdown" }, ...markdown(block.text)),
  rich_text: (block) => h("div", { class: "rich" }, ...richText(block)),
  image: (block) => h("figure", { class: "image" }, block.title ? h("figcaption", {}, ...textObject(block.title)) : null, picture(block)),
  table,
  task_card: task,
  plan,
  alert: (block) => h("div", { class: `alert ${["error", "warning", "success"].includes(block.level) ? block.level : "info"}` }, text(block.text)),
};

function draw(block, surface, index) {
  const id = block.block_id ?? `block-${index}`;
  const make = Object.hasOwn(BLOCKS, block.type) ? BLOCKS[block.type] : null;
  if (!make) return asJson(`Block “${block.type}” is not drawn here`, block);
  try {
    return make(block, surface, id);
  } catch (problem) {
    return asJson(`Block “${block.type}” cannot be drawn: ${problem.message}`, block);
  }
}

export function blocks(list, surface) {
  return list.map((block, index) => {
    const node = draw(block, surface, index);
    node.classList.add("block");
    node.dataset.block = block.block_id ?? `block-${index}`;
    return node;
  });
}

/** Whether the blocks only repeat the text, as for what was typed: then the text is drawn, with its formatting. */
function repeatsText({ text: written, blocks: [first, ...more] }) {
  if (!written || more.length || first.type !== "rich_text" || first.elements?.length !== 1) return false;
  const [part] = first.elements;
  return part.type === "rich_text_section" && (part.elements ?? []).every((piece) => !piece.style);
}

/** What a message says: its blocks, else its text; attachments beneath. */
export function content(message, surface) {
  const attached = (message.attachments ?? []).map((each) => h("div", { class: "attachment" },
    each.blocks ? blocks(each.blocks, surface) : h("div", { class: "text" }, ...mrkdwn(each.text ?? each.fallback))));
  const words = message.text ? [h("div", { class: "text block" }, ...mrkdwn(message.text))] : [];
  const main = message.blocks?.length && !repeatsText(message) ? blocks(message.blocks, surface) : words;
  return [...main, ...attached];
}
