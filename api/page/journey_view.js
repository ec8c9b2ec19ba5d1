/** The way of the newest rating, from the click to the list, in milliseconds. */
import { el, say } from "./dom.js";
import { milliseconds, stars } from "./words.js";

const PARTS = [
  ["answeredAt", "written", "PostgreSQL has it"],
  ["countedAt", "streamed", "it came back through the stream"],
  ["listAt", "listed", "the list is made of it"],
];

/** A view on `root`; `announce(words)` tells those who do not see it. */
export function createJourneyView(root, announce) {
  const what = root.querySelector("[data-journey-what]");
  const time = root.querySelector("[data-journey-time]");
  const bar = root.querySelector("[data-journey-bar]");
  const legend = root.querySelector("[data-journey-parts]");
  const parts = PARTS.map(([, kind, meaning]) => ({
    bar: bar.appendChild(el("span", { data: { kind } })),
    legend: legend.appendChild(el("li", { data: { kind }, title: meaning })),
  }));

  return (state, before) => {
    const { journey } = state;
    if (journey === before?.journey && before) return;
    root.dataset.phase = phaseOf(journey);
    if (!journey) return;
    say(what, doneWords(journey));
    const arrived = journey.listAt ?? journey.countedAt;
    say(time, arrived ? milliseconds(arrived - journey.sentAt) : "on its way …");
    spans(journey).forEach(({ name, length, share }, place) => {
      parts[place].bar.style.setProperty("flex-grow", share);
      say(parts[place].legend, length === null ? name : `${name} ${milliseconds(length)}`);
    });
    if (journey.listAt && !before?.journey?.listAt) announce(`${listWords(state)} It took ${milliseconds(arrived - journey.sentAt)}.`);
  };
}

function phaseOf(journey) {
  if (!journey) return "none";
  if (journey.listAt) return "listed";
  return journey.countedAt ? "counted" : "travels";
}

/** How long each part of the way took. An answer may come after what the stream brought: then it took no time. */
export function spans(journey) {
  let from = journey.sentAt;
  const whole = (journey.listAt ?? journey.countedAt ?? journey.answeredAt ?? from) - from;
  return PARTS.map(([moment, name]) => {
    const at = journey[moment];
    if (at === null) return { name, length: null, share: 0 };
    const length = Math.max(0, at - from);
    from = Math.max(from, at);
    return { name, length, share: whole ? length / whole : 0 };
  });
}

function doneWords({ what, movie, value }) {
  if (what === "watched") return value ? `${movie.title}, watched` : `${movie.title}, not watched after all`;
  return value === null ? `${movie.title}, stars taken back` : `${movie.title}, ${stars(value)} ★`;
}

function listWords({ list }) {
  const first = list.movies.slice(0, 3).map((movie) => movie.title);
  return `The list has changed. It begins with ${first.join(", ")}.`;
}
