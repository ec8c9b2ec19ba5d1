/** Half stars, as a group of radio buttons: arrow keys choose, a pointer presses or slides on the picture. */
import { el, say } from "./dom.js";
import { stars, starsAloud } from "./words.js";

const STEPS = 10;
const THINKING = 700; // milliseconds after the last arrow key until a choice counts
let groups = 0;

/** A control for one movie. `onChoose(value)` is told the stars, or null when they are taken back. */
export function createStars(title, onChoose) {
  const name = `stars-${(groups += 1)}`;
  const bar = el("span", { className: "stars-bar", aria: { hidden: "true" } });
  const inputs = Array.from({ length: STEPS }, (_, step) => {
    const value = (step + 1) / 2;
    return el("input", { type: "radio", className: "unseen", name, value, aria: { label: starsAloud(value) } });
  });
  const told = el("span", { className: "stars-told", aria: { hidden: "true" } });
  const back = el("button", { type: "button", className: "quiet", textContent: "×", hidden: true });
  back.setAttribute("aria-label", `Take back your stars for ${title}`);
  back.title = "Take back";
  const group = el("span", { className: "stars-group", aria: { role: "radiogroup", label: `Your stars for ${title}` } }, bar, ...inputs);
  const element = el("span", { className: "stars" }, group, told, back);
  let value = null;
  let thinking = null;

  function paint(shown) {
    bar.style.setProperty("--share", `${((shown ?? 0) / 5) * 100}%`);
    say(told, stars(shown ?? 0));
  }

  function choose(chosen) {
    clearTimeout(thinking);
    thinking = null;
    if (chosen !== value) onChoose(chosen);
  }

  function chosenByKey() {
    const checked = inputs.find((input) => input.checked);
    return checked ? Number(checked.value) : null;
  }

  group.addEventListener("change", () => {
    paint(chosenByKey());
    clearTimeout(thinking);
    thinking = setTimeout(() => choose(chosenByKey()), THINKING);
  });
  group.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && thinking) choose(chosenByKey());
  });
  group.addEventListener("focusout", (event) => {
    if (thinking && !group.contains(event.relatedTarget)) choose(chosenByKey());
  });
  bar.addEventListener("pointermove", (event) => paint(valueAt(bar, event.clientX)));
  bar.addEventListener("pointerleave", () => paint(value));
  bar.addEventListener("pointercancel", () => paint(value));
  bar.addEventListener("click", (event) => choose(valueAt(bar, event.clientX)));
  back.addEventListener("click", () => {
    inputs[0].focus({ preventScroll: true });
    choose(null);
  });

  return {
    element,
    /** Show these stars, null for none. What somebody is choosing just now stays. */
    set(stars) {
      value = stars;
      if (thinking) return;
      for (const input of inputs) input.checked = Number(input.value) === stars;
      back.hidden = stars === null;
      if (!bar.matches(":hover")) paint(stars);
    },
  };
}

/** The half star at this place of the picture. */
function valueAt(bar, x) {
  const { left, width } = bar.getBoundingClientRect();
  return Math.min(STEPS, Math.max(1, Math.ceil(((x - left) / width) * STEPS))) / 2;
}
