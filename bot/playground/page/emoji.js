/** A small set of emoji, the common ones drawn here so that they look the same on a machine without an emoji font. */
import { scan } from "./dom.js";

const CHARACTERS = {
  white_check_mark: "✅", heavy_check_mark: "✔", warning: "⚠", rotating_light: "🚨", mag: "🔍", lock: "🔒",
  unlock: "🔓", hourglass: "⌛", hourglass_flowing_sand: "⏳", x: "❌", no_entry: "⛔", red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", bulb: "💡", bell: "🔔", memo: "📝", wrench: "🔧", snowflake: "❄",
  eyes: "👀", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", tada: "🎉", fire: "🔥", link: "🔗",
  information_source: "ℹ", question: "❓", wave: "👋", robot_face: "🤖", book: "📖", books: "📚", pencil: "✏",
  arrow_right: "➡", leftwards_arrow_with_hook: "↩", point_right: "👉", clock1: "🕐", speech_balloon: "💬",
  pencil2: "✏", alarm_clock: "⏰", grey_question: "❔", chart_with_upwards_trend: "📈", no_bell: "🔕", shield: "🛡", gear: "⚙", package: "📦", raised_hand: "✋",
};

const disc = (colour) => [`${colour} M8 1.5a6.5 6.5 0 1 0 .01 0z`];
// Each layer is "colour path" on a 16 by 16 field; "-colour" draws the line instead of filling.
const SHAPES = {
  "✅": ["#2bac76 M3.5 1h9A2.5 2.5 0 0 1 15 3.5v9a2.5 2.5 0 0 1-2.5 2.5h-9A2.5 2.5 0 0 1 1 12.5v-9A2.5 2.5 0 0 1 3.5 1z",
    "-#fff M4.4 8.3l2.5 2.6 4.8-5.6"],
  "✔": ["-#2bac76 M3 8.6l3.4 3.5L13 4.4"],
  "⚠": ["#f0b429 M8 1.2L15.4 14.6H.6z", "-#222 M8 6v4", "-#222 M8 12.2v.2"],
  "🚨": ["#e0354b M3.6 11.5V8.2a4.4 4.4 0 0 1 8.8 0v3.3z", "#8a93a0 M2 12h12v2.4H2z", "-#e0354b M8 .9v1.2M2.3 3.2l1 .9M13.7 3.2l-1 .9"],
  "🔍": ["-#5b8def M6.7 2a4.7 4.7 0 1 0 .01 0z", "-#7a8494 M10.3 10.3L14.2 14.2"],
  "🔒": ["-#7a8494 M5 7.5V5a3 3 0 0 1 6 0v2.5", "#e3a72f M3 7h10v7.6H3z"],
  "🔓": ["-#7a8494 M5 7.5V4.4a3 3 0 0 1 5.8-1", "#e3a72f M3 7h10v7.6H3z"],
  "⌛": ["-#7a8494 M3.5 1.6h9M3.5 14.4h9", "#e3a72f M4.6 2.2h6.8L8.6 8l2.8 5.8H4.6L7.4 8z"],
  "❌": ["-#dd2e44 M3 3l10 10M13 3L3 13"],
  "⛔": [...disc("#dd2e44"), "#fff M4 6.9h8v2.2H4z"],
  "🔴": disc("#dd2e44"), "🟠": disc("#f4900c"), "🟡": disc("#f2c230"), "🟢": disc("#4caf50"), "🔵": disc("#4a90e2"),
  "⚪": disc("#c9ced6"), "⚫": disc("#40454d"), "ℹ": [...disc("#4a90e2"), "-#fff M8 7.4v4M8 4.7v.2"],
  "❓": ["-#dd2e44 M5 5.4a3 3 0 1 1 4.4 2.7C8.3 8.7 8 9.3 8 10.2M8 13v.2"],
  "💡": ["#f2c230 M8 1.2a4.6 4.6 0 0 0-2.4 8.5V11h4.8V9.7A4.6 4.6 0 0 0 8 1.2z", "#8a93a0 M6 11.8h4v2.4H6z"],
  "🔔": ["#e3a72f M8 1.4a4.2 4.2 0 0 0-4.2 4.4c0 3.2-.9 4.6-1.8 5.6h12c-.9-1-1.8-2.4-1.8-5.6A4.2 4.2 0 0 0 8 1.4z", "#b9852a M6.4 12.4h3.2a1.6 1.6 0 0 1-3.2 0z"],
  "📝": ["#aab3c0 M2.5 1.5h9v13h-9z", "-#fff M4.6 5h4.8M4.6 8h4.8M4.6 11h3", "-#e3a72f M14 5l-4.2 6.4"],
  "🔧": ["-#7a8494 M13.6 4.2L9.4 8.4M9.6 8.2L3.2 14", "-#7a8494 M11.8 1.8a3.4 3.4 0 1 0 2.6 3"],
  "❄": ["-#4aa8e2 M8 1.5v13M2.4 4.8l11.2 6.4M13.6 4.8L2.4 11.2"],
  "📖": ["#5b8def M1.2 3c2.6-.9 4.8-.7 6.4.5v10.2c-1.6-1-3.8-1.2-6.4-.4z", "#7fa8f5 M14.8 3c-2.6-.9-4.8-.7-6.4.5v10.2c1.6-1 3.8-1.2 6.4-.4z"],
  "👍": ["#e3a72f M1.5 7.2h2.6v7H1.5zM5 7.4l3-5.9c1.3.1 2 .9 1.8 2.2L9.4 6h4.1c1 0 1.5.8 1.3 1.7l-1 5c-.2.9-.8 1.5-1.7 1.5H5z"],
  "👎": ["#e3a72f M1.5 8.8h2.6v-7H1.5zM5 8.6l3 5.9c1.3-.1 2-.9 1.8-2.2L9.4 10h4.1c1 0 1.5-.8 1.3-1.7l-1-5c-.2-.9-.8-1.5-1.7-1.5H5z"],
  "👀": ["#d3d8de M4.3 3.6c1.7 0 3 2 3 4.4s-1.3 4.4-3 4.4-3-2-3-4.4 1.3-4.4 3-4.4zM11.7 3.6c1.7 0 3 2 3 4.4s-1.3 4.4-3 4.4-3-2-3-4.4 1.3-4.4 3-4.4z",
    "#33363b M3.5 6.3a1.7 1.9 0 1 0 .01 0zM10.9 6.3a1.7 1.9 0 1 0 .01 0z"],
  "🎉": ["#f2c230 M1.5 14.5L5.2 5.4l5.5 5.4z", "-#e0354b M7.6 5c.4-1.4 1.4-2.4 2.8-2.6", "-#4a90e2 M10.8 8.5c1.2-.9 2.6-.8 3.6 0", "#4caf50 M12 4h2v2h-2zM5.5 1.5h1.8v1.8H5.5zM13 11h1.6v1.6H13z"],
  "🔥": ["#f4900c M8.6 1c.3 2.6 4.5 4.7 4.5 8.7A5.2 5.2 0 0 1 2.9 9.7c0-2 1-3.3 2-4.3.2 1 .7 1.6 1.3 1.9C6 5 6.7 2.6 8.6 1z", "#ffd166 M8.2 8c.2 1.3 2 2.1 2 4a2.3 2.3 0 0 1-4.5 0c0-1.7 1.6-2.3 2.5-4z"],
  "🔗": ["-#7a8494 M6.5 9.5a2.7 2.7 0 0 0 3.8 0l2.6-2.6a2.7 2.7 0 0 0-3.8-3.8l-1 1M9.5 6.5a2.7 2.7 0 0 0-3.8 0L3.1 9.1a2.7 2.7 0 0 0 3.8 3.8l1-1"],
  "👋": ["-#e3a72f M5 10L2.6 6.6M6.6 8.4L4 4.4M8.4 7L6.2 3.4M10.3 6.5L8.7 3.8", "#e3a72f M4.4 9.3l5.5-4 1 1.7.9-2c1.4-.2 1.8.7 1.6 1.9l-.9 4.3c-.9 3-5 3.8-6.8 1.2z"],
  "🤖": ["#8aa0b8 M3 5.5h10v8H3z", "-#8aa0b8 M8 5V2.6M1.6 8.5v2.5M14.4 8.5v2.5", "#fff M5 7.5h2v2H5zM9 7.5h2v2H9z", "-#fff M6 11.6h4"],
  "📚": ["#dd4b5a M2 2h3.5v12H2z", "#4a90e2 M6 4h3v10H6z", "#2bac76 M9.6 3.8l2.9-.8 2.7 10.4-2.9.8z"],
  "✏": ["#e3a72f M2.5 11l7.8-7.8 2.5 2.5L5 13.5z", "#7a8494 M11 2.5l1-1 2.5 2.5-1 1z", "#f1d9b0 M2.5 11L5 13.5l-3.5 1z"],
  "➡": ["-#4a90e2 M2.5 8h10.5M9 3.8L13.2 8 9 12.2"], "↩": ["-#4a90e2 M6.5 3L2.8 6.7l3.7 3.7M3 6.7h6.5a3.5 3.5 0 0 1 0 7H7"],
  "👉": ["#e3a72f M1.5 5.5H5V12H1.5zM5.6 6l3-2c1-.5 1.7 0 1.6.8L9.8 6H14a1.2 1.2 0 0 1 0 2.4H9.7v.6a1 1 0 0 1 0 1.7v.1a1 1 0 0 1-1 1.4H7.5L5.6 12z"],
  "🕐": [...disc("#e8eaed"), "-#4a4f57 M8 4.4V8l2-2"],
  "📈": ["#e8eaed M1.5 1.5h13v13h-13z", "-#e0354b M3.5 12l3-4 2.5 2 3.5-6"],
  "🔕": ["#b7bcc4 M8 1.4a4.2 4.2 0 0 0-4.2 4.4c0 3.2-.9 4.6-1.8 5.6h12c-.9-1-1.8-2.4-1.8-5.6A4.2 4.2 0 0 0 8 1.4z", "-#dd2e44 M2.5 2.5l11 11"],
  "🛡": ["#4a90e2 M8 1.2l5.5 2v4.3c0 3.6-2.3 6-5.5 7.3-3.2-1.3-5.5-3.7-5.5-7.3V3.2z", "-#fff M5.5 7.8l1.9 1.9 3.3-3.6"],
  "⚙": ["-#7a8494 M8 1.8v12.4M1.8 8h12.4M3.6 3.6l8.8 8.8M12.4 3.6l-8.8 8.8", "#7a8494 M8 3.6a4.4 4.4 0 1 0 .01 0z", "#fff M8 6.2a1.8 1.8 0 1 0 .01 0z"],
  "📦": ["#c8935a M1.5 5L8 2l6.5 3v6.5L8 14.5l-6.5-3z", "-#8f6236 M2 5.2l6 2.6 6-2.6M8 8v6"],
  "✋": ["-#e3a72f M4.8 9V4M7 8V2.4M9.2 8V2.6M11.4 8.5V4", "#e3a72f M3.8 8h8.6v2.5c1-1.5 1.5-2 2.3-1.5.4.3.3.9 0 1.4L12 14H6c-1.5-.7-2.2-2.5-2.2-4z"],
  "💬": ["#5b8def M1.4 2.4h13.2v8.8H8l-3.6 3v-3h-3z"],
};
SHAPES["⏳"] = SHAPES["⌛"];

const DRAWN = new RegExp(`(${Object.keys(SHAPES).join("|")})\uFE0F?`, "gu");
const NAMED = /:([a-z0-9_+-]+):/g;

function draw(character, name) {
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const picture = make("svg", { class: "emoji", viewBox: "0 0 16 16", role: "img", "aria-label": name });
  for (const layer of SHAPES[character]) {
    const [colour, ...d] = layer.split(" ");
    const line = { fill: "none", stroke: colour.slice(1), "stroke-width": 2, "stroke-linecap": "round" };
    picture.append(make("path", { d: d.join(" "), ...(colour.startsWith("-") ? line : { fill: colour }) }));
  }
  return picture;
}

/** The names that a picker offers, one for each picture. */
export const NAMES = Object.keys(CHARACTERS).filter((name, index, all) => all.findIndex((each) => CHARACTERS[each] === CHARACTERS[name]) === index);

export function emoji(name) {
  const character = Object.hasOwn(CHARACTERS, name) ? CHARACTERS[name] : null;
  if (!character) return null;
  return Object.hasOwn(SHAPES, character) ? draw(character, name) : document.createTextNode(character);
}

/** Plain text with characters that we draw replaced by drawings. */
export function pictured(text) {
  return scan(text, [[DRAWN, (match) => draw(match[1], match[1])]]);
}

/** Plain text with :names: and characters replaced. */
export function withEmoji(text) {
  return scan(text ?? "", [[NAMED, (match) => emoji(match[1])]], pictured);
}

export const emojiRule = [NAMED, (match) => emoji(match[1])];
