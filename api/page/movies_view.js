/** The catalogue: words to look for, a genre to keep to, and what was found. */
import { arrange, el, say } from "./dom.js";
import { createControls } from "./movie_card.js";
import { genres } from "./words.js";

const TYPING = 200; // milliseconds after the last key until it is looked for

/** A view on `root`. `find({title, genre, more})` looks; `act` is what the controls of a movie do. */
export function createMoviesView(root, { find, act }) {
  const field = root.querySelector("[data-search]");
  const kept = root.querySelector("[data-genre]");
  const found = root.querySelector("[data-found]");
  const told = root.querySelector("[data-found-told]");
  const more = root.querySelector("[data-more]");
  const rows = new Map(); // by movie
  let genre = "";
  let typing = null;

  const look = () => find({ title: field.value.trim(), genre });
  const keepTo = (chosen) => {
    genre = chosen;
    look();
  };
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(look, TYPING);
  });
  kept.addEventListener("click", () => {
    keepTo("");
    field.focus();
  });
  more.addEventListener("click", () => find({ title: field.value.trim(), genre, more: true }));

  function rowOf(movie) {
    if (!rows.has(movie.movie_id)) rows.set(movie.movie_id, createRow(movie, act, keepTo));
    return rows.get(movie.movie_id);
  }

  return (state, before) => {
    const { search } = state;
    if (search !== before?.search) {
      kept.hidden = !search.genre;
      say(kept.querySelector("span"), search.genre);
      root.classList.toggle("looks", search.phase === "searching");
      more.hidden = search.phase !== "found" || search.next === null;
      say(told, tell(search));
      if (search.items !== before?.search.items) {
        const reached = before?.search.items.length ?? 0;
        const appended = reached && search.items.length > reached && search.items[0] === before.search.items[0];
        arrange(found, search.items.map((movie) => rowOf(movie).element));
        const shown = new Set(search.items.map((movie) => movie.movie_id));
        for (const id of [...rows.keys()]) if (!shown.has(id)) rows.delete(id);
        for (const row of rows.values()) row.controls.show(state);
        if (appended) found.children[reached]?.querySelector("input")?.focus();
      }
    }
    if (["ratings", "watched", "pending"].some((part) => state[part] !== before?.[part])) {
      for (const row of rows.values()) row.controls.show(state);
    }
  };
}

function createRow(movie, act, keepTo) {
  const controls = createControls(movie, act);
  const tags = genres(movie.genre).map((genre) => {
    const tag = el("button", { type: "button", className: "tag", textContent: genre, title: `Only ${genre}` });
    tag.addEventListener("click", () => keepTo(genre));
    return tag;
  });
  const element = el(
    "li",
    {},
    el("div", { className: "what" }, el("h3", {}, movie.title, " ", el("span", { className: "year" }, String(movie.release_year ?? ""))), el("p", { className: "facts" }, ...tags)),
    controls.element,
  );
  return { element, controls };
}

function tell({ phase, words, items, title, genre }) {
  if (phase === "failed") return `The search failed: ${words}`;
  if (phase !== "found" || items.length) return "";
  return `No movie${title ? ` with “${title}” in its title` : ""}${genre ? ` of the genre ${genre}` : ""}.`;
}
