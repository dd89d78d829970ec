/** A line of the last two minutes, without axes: shape is what counts. */
import { svg } from "./icons.js";

const [WIDTH, HEIGHT, EDGE] = [76, 20, 2];

/** `values` oldest first, null where nothing was read; `most` is the top of the field at least. */
export function sparkline(values, most) {
  const top = Math.max(most, ...values.filter((each) => each !== null), 1);
  const x = (index) => EDGE + (index * (WIDTH - 2 * EDGE)) / Math.max(1, values.length - 1);
  const y = (value) => HEIGHT - EDGE - (value * (HEIGHT - 2 * EDGE)) / top;
  const runs = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const point = `${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    if (index && values[index - 1] !== null) runs.push(`L${point}`);
    else runs.push(`M${point}`);
  });
  const path = svg("path", { d: runs.join("") || "M0 0", "vector-effect": "non-scaling-stroke" });
  return svg("svg", { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, path);
}
