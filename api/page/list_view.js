/** The recommendations of one person: they move as the stream brings what was done. */
import { arrange, el, say } from "./dom.js";
import { withMotion } from "./flip.js";
import { createControls, facts } from "./movie_card.js";
import { reasonWords } from "./reasons.js";
import { count, moved, nameOf } from "./words.js";

/** A view on `root`. `act` is what the controls of a movie do. */
export function createListView(root, act) {
  const title = root.querySelector("[data-list-title]");
  const about = root.querySelector("[data-list-about]");
  const places = root.querySelector("[data-list]");
  const empty = root.querySelector("[data-list-empty]");
  const rows = new Map(); // by movie

  function rowOf(movie) {
    if (!rows.has(movie.movie_id)) rows.set(movie.movie_id, createRow(movie, act));
    return rows.get(movie.movie_id);
  }

  function order(list) {
    const nodes = list.movies.map((movie) => rowOf(movie).element);
    const focused = places.contains(document.activeElement) ? document.activeElement : null;
    const row = focused?.closest("li");
    const place = row ? [...places.children].indexOf(row) : -1;
    withMotion(places, () => arrange(places, nodes));
    if (focused && document.activeElement !== focused) refocus(focused, place);
    for (const id of [...rows.keys()]) if (!list.movies.some((one) => one.movie_id === id)) rows.delete(id);
  }

  /** Where a movie was moved the focus goes with it; where it has left, to the one that took its place. */
  function refocus(focused, place) {
    const heir = focused.isConnected ? focused : places.children[Math.min(place, places.children.length - 1)]?.querySelector("input");
    (heir ?? title).focus({ preventScroll: true });
  }

  return (state, before) => {
    if (state.person !== before?.person) say(title, state.person ? `For ${nameOf(state.person)}` : "For you");
    if (state.list !== before?.list || (!state.list && state.lag !== before?.lag)) {
      empty.hidden = Boolean(state.list?.movies.length);
      say(empty, emptyWords(state));
      order(state.list ?? { movies: [] });
      for (const movie of state.list?.movies ?? []) rowOf(movie).place(movie, state.list.cause !== "connected");
      say(about, state.list ? aboutWords(state.list) : "");
    }
    const touched = ["ratings", "watched", "pending", "list"].some((part) => state[part] !== before?.[part]);
    if (touched) for (const row of rows.values()) row.controls.show(state);
    if (state.why !== before?.why || state.list !== before?.list) for (const [id, row] of rows) row.why(state.why.get(id));
  };
}

function createRow(movie, act) {
  const rank = el("span", { className: "rank", aria: { hidden: "true" } });
  const sign = el("span", { className: "moved", aria: { hidden: "true" } });
  const aloud = el("span", { className: "unseen" });
  const why = el("p", { className: "why" });
  const controls = createControls(movie, act);
  const element = el(
    "li",
    { data: { movie: movie.movie_id } },
    el("div", { className: "place" }, rank, sign),
    el("div", { className: "what" }, el("h3", {}, movie.title, aloud), el("p", { className: "facts" }, facts(movie)), why),
    controls.element,
  );
  return {
    element,
    controls,
    place(now, tellsMove) {
      say(rank, String(now.place));
      const went = tellsMove ? moved(now) : null;
      say(sign, went?.sign ?? "");
      sign.dataset.kind = went?.kind ?? "";
      say(aloud, went ? `, ${went.words}` : "");
    },
    why(reasons) {
      say(why, reasonWords(reasons));
    },
  };
}

function aboutWords({ source, history, model_version: version }) {
  if (source === "popularity") return "What most people like, until there is something of yours to go by.";
  return `By ${count(history, "movie")} that counted, and model ${version}.`;
}

function emptyWords({ person, list, lag }) {
  if (!person) return "Choose somebody to see what to watch next.";
  if (!list && lag && !lag.caught_up) return "The API has just started: the list comes when it has read what was rated before.";
  return list ? "Nothing is left to recommend: everything was rated or watched." : "Waiting for the list …";
}
