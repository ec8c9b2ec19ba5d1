/** What can be done with a movie, wherever it stands: stars, and the mark that it was watched. */
import { el, say } from "./dom.js";
import { isWatched, starsOf } from "./state.js";
import { createStars } from "./stars.js";
import { genres } from "./words.js";

/** Controls for one movie. `act(what, movie, value)` does what was chosen. */
export function createControls(movie, act) {
  const stars = createStars(movie.title, (value) => act("rating", movie, value));
  const watched = el("button", { type: "button", className: "watched" }, el("span", { className: "tick", aria: { hidden: "true" } }));
  watched.append("Watched");
  watched.addEventListener("click", () => act("watched", movie, watched.getAttribute("aria-pressed") !== "true"));
  watched.setAttribute("aria-label", `Watched ${movie.title}`);
  let shown = {};
  return {
    element: el("div", { className: "controls" }, stars.element, watched),
    show(state) {
      const now = {
        stars: starsOf(state, movie.movie_id),
        watched: isWatched(state, movie.movie_id),
        waits: state.pending.has(`rating:${movie.movie_id}`) || state.pending.has(`watched:${movie.movie_id}`),
      };
      if (now.stars !== shown.stars) stars.set(now.stars);
      if (now.watched !== shown.watched) {
        watched.setAttribute("aria-pressed", String(now.watched));
      }
      if (now.waits !== shown.waits) watched.parentElement.classList.toggle("waits", now.waits);
      shown = now;
    },
  };
}

/** "1999 · Sci-Fi · Action", as far as it is known. */
export function facts(movie, limit = 3) {
  return [movie.release_year, ...genres(movie.genre).slice(0, limit)].filter(Boolean).join(" · ");
}
