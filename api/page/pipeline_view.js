/** The pipeline, drawn as it lives: each change runs down the line, and below it stands the event as others see it. */
import { el, say, svg } from "./dom.js";
import { pace } from "./state.js";
import { milliseconds, number } from "./words.js";

const STEPS = [
  { name: "PostgreSQL", told: () => "the source" },
  { name: "Kafka", told: ({ flow }) => `${pace(flow).toFixed(1)} changes a second` },
  { name: "Worker", told: ({ passed }) => (passed ? "masked the newest event" : "masks every event") },
  { name: "ClickHouse", told: () => "raw, marts, training" },
  { name: "Model", told: ({ model }) => (model ? `version ${model}` : "none yet") },
  { name: "Your list", told: ({ list }) => (list ? `${number(list.history)} of your movies counted` : "waits") },
];
const STEP = 56; // units of the drawing between two steps
const TOP = 20;
const LINE = 22; // where the line runs, from the left
const RUN_MS = 700;
const MOST_RUNNING = 12; // dots at a time: more would be a blur
const COLOURS = { ratings: "--ratings", watched_movies: "--watched", movies: "--movies", users: "--users" };
const HIDDEN = new Set(["description"]); // long texts
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A view on `root`. */
export function createPipelineView(root) {
  const drawing = draw(root.querySelector("[data-drawing]"));
  const about = root.querySelector("[data-passed-about]");
  const event = root.querySelector("[data-passed]");
  const numbers = root.querySelector("[data-numbers]");
  let seen = null;

  return (state) => {
    drawing.tell(state);
    if (state.passed && state.passed !== seen) {
      seen = state.passed;
      drawing.run(seen.table);
      say(about, aboutOf(seen));
      event.replaceChildren(...pairs(columnsOf(seen)));
    }
    if (numbers.closest("details").open) numbers.replaceChildren(...pairs(numbersOf(state)));
  };
}

function draw(parent) {
  const told = STEPS.map((_, place) => svg("text", { x: 48, y: TOP + place * STEP + 18, class: "step-told" }));
  const dots = svg("g");
  const height = TOP + (STEPS.length - 1) * STEP + 34;
  const root = svg(
    "svg",
    { viewBox: `0 0 320 ${height}`, role: "img", "aria-label": `The way of a change: ${STEPS.map(({ name }) => name).join(", ")}` },
    svg("path", { d: `M${LINE} ${TOP}V${TOP + (STEPS.length - 1) * STEP}`, class: "line" }),
    ...STEPS.flatMap(({ name }, place) => [
      svg("circle", { cx: LINE, cy: TOP + place * STEP, r: 9, class: "step" }),
      svg("text", { x: 48, y: TOP + place * STEP, class: "step-name" }, name),
      told[place],
    ]),
    dots,
  );
  parent.append(root);
  const circles = [...root.querySelectorAll(".step")];

  return {
    tell(state) {
      STEPS.forEach((step, place) => say(told[place], step.told(state)));
      const live = state.stream.phase === "live";
      if (root.classList.contains("live") !== live) root.classList.toggle("live", live);
    },
    /** One change runs from the source to the list. */
    run(table) {
      const colour = `var(${COLOURS[table] ?? "--accent"})`;
      if (still.matches) {
        circles.at(-1).style.setProperty("fill", colour);
        return;
      }
      if (dots.childElementCount >= MOST_RUNNING) return;
      const dot = svg("circle", { cx: LINE, cy: TOP, r: 5, class: "dot" });
      dot.style.setProperty("fill", colour);
      dots.append(dot);
      const way = (STEPS.length - 1) * STEP;
      dot
        .animate([{ transform: "none" }, { transform: `translateY(${way}px)` }], { duration: RUN_MS, easing: "ease-in-out" })
        .finished.catch(() => {})
        .then(() => dot.remove());
    },
  };
}

function aboutOf({ table, deleted, milliseconds: took, mine }) {
  const what = deleted ? "A row was deleted" : "A row was written";
  return `${what} in ${table}${mine ? ", yours" : ""}; counted ${milliseconds(took)} after its commit.`;
}

function columnsOf({ row }) {
  return Object.entries(row).filter(([name, value]) => !HIDDEN.has(name) && value !== null);
}

function numbersOf({ flow, lag }) {
  const rows = [["changes seen here", number(flow.total)]];
  for (const [table, count] of Object.entries(flow.byTable)) rows.push([table, number(count)]);
  if (lag) {
    rows.push(["events counted by the API", number(lag.events)]);
    rows.push(["events behind", number(lag.lag)]);
    if (lag.newest_commit) rows.push(["newest commit", new Date(lag.newest_commit).toLocaleTimeString()]);
  }
  return rows;
}

function pairs(entries) {
  return entries.flatMap(([name, value]) => [
    el("dt", { textContent: name }),
    el("dd", { textContent: typeof value === "object" ? JSON.stringify(value) : String(value) }),
  ]);
}
