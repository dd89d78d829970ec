/** What could stand where a person writes: commands with their usage, people, emoji. */
import { emoji, NAMES } from "./emoji.js";
import { state } from "./state.js";

const MOST = 8;
const NOTHING = { typed: "", options: [], eager: false };

const fits = (whole, begun) => whole.toLowerCase().startsWith(begun.toLowerCase());

function commands(before) {
  const found = state.commands.filter((each) => fits(each.command, before));
  const options = found.map((each) => ({ insert: each.command, label: each.command, usage: each.usage_hint, about: each.description }));
  return { typed: before, options: options.filter((each) => options.length > 1 || each.insert !== before), eager: true };
}

function split(hint) {
  const [word, ...rest] = hint.usage.split(" ");
  return { word, usage: rest.join(" ") };
}

/** The sub-commands of a command; once the word is whole, its usage alone, to read and not to take. */
function subCommands(command, word, more) {
  const mine = state.hints.filter((each) => each.command === command).map((each) => ({ ...each, ...split(each) }));
  const exact = mine.find((each) => each.word === word.toLowerCase());
  const found = exact ? [exact] : more ? [] : mine.filter((each) => fits(each.word, word));
  const options = found.map((each) => ({ insert: each.word, label: `${command} ${each.word}`, usage: each.usage, about: each.about, told: Boolean(exact) }));
  return { typed: word, options, eager: Boolean(word) && !exact };
}

function names(begun) {
  const found = state.users.filter((each) => each.id !== state.me && fits(each.name, begun.slice(1)));
  const whole = found.some((each) => fits(begun.slice(1), each.name));
  return whole ? NOTHING : { typed: begun, options: found.map((each) => ({ insert: `@${each.name}`, label: each.name, about: each.title, person: each })), eager: true };
}

function emojis(begun) {
  const found = NAMES.filter((name) => name.startsWith(begun.slice(1))).slice(0, MOST);
  return { typed: begun, options: found.map((name) => ({ insert: `:${name}:`, label: `:${name}:`, picture: () => emoji(name) })), eager: true };
}

/**
 * Suggestions for the text before the cursor: {typed, options: [{insert, label, usage, about, told}], eager}.
 * `typed` is what an option replaces; `eager`: Enter takes the first one. What is `told` is only read.
 */
export function suggestions(before, inThread) {
  const slash = before.match(/^(\/\S*)(?:\s+(\S*)(\s[^]*)?)?$/);
  if (slash && !inThread) return slash[2] === undefined ? commands(slash[1]) : subCommands(slash[1], slash[2], slash[3]);
  const colon = before.match(/(?:^|\s)(:[a-z0-9_+-]{2,30})$/)?.[1];
  if (colon) return emojis(colon);
  const at = before.match(/(?:^|[\s(])(@[^\n@]{0,40})$/)?.[1];
  return at ? names(at) : NOTHING;
}
