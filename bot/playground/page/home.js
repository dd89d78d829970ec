/** The app's Home tab. */
import { blocks } from "./blocks.js";
import { follow, h, toast } from "./dom.js";
import { viewSurface } from "./modal.js";
import { state } from "./state.js";

const PATIENCE_MS = 2500;

function nothing() {
  const waits = Date.now() - state.homeAsked < PATIENCE_MS;
  return h("p", { class: "nothing" }, waits ? "Loading…" : "This app has not shown a Home yet.");
}

export function drawHome(list) {
  const view = state.home;
  list.dataset.place = "home";
  const surface = view && viewSurface(view, (error) => toast(`The app failed with the error "${error}"`));
  const late = Date.now() - state.homeAsked >= PATIENCE_MS;
  const build = () => h("div", { class: "home blocks" }, view ? blocks(view.blocks, surface) : nothing());
  follow(list, [{ key: `home ${state.me}`, print: `${JSON.stringify(view)} ${late}`, build }]);
}
