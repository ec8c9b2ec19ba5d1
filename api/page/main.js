/** The wiring: what is asked of the API, what comes of its stream, and who shows it. */
import { createJourneyView } from "./journey_view.js";
import { createListView } from "./list_view.js";
import { createMoviesView } from "./movies_view.js";
import { createPeopleView } from "./people_view.js";
import { createPipelineView } from "./pipeline_view.js";
import { readReasons } from "./reasons.js";
import { connect } from "./rest.js";
import { initial, reduce } from "./state.js";
import { createStatusView } from "./status_view.js";
import { createStore } from "./store.js";
import { follow } from "./stream.js";
import { createTokenDialog } from "./token_dialog.js";

const FOUND = 12; // movies of one page of the search

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const now = () => performance.now();
const store = createStore(reduce, initial);
const token = createTokenDialog(part("token"), begin);
const rest = connect(token.get);
const { dispatch } = store;

let stop = () => {};
let finding = new AbortController();
let explaining = 0;

async function begin() {
  find({ title: "", genre: "" });
  try {
    const named = new URLSearchParams(location.hash.slice(1)).get("person");
    const person = named ? await rest.person(Number(named)) : (await rest.people()).items[0];
    if (person) choose(person);
    else part("person").click();
  } catch (error) {
    if (!token.askedFor(error)) tell(error);
    if (error.status === 0 || error.status === 503) setTimeout(begin, 2_000);
  }
}

function choose(person) {
  dispatch({ type: "chosen", person });
  history.replaceState(null, "", `#person=${person.user_id}`);
  listen();
}

function listen() {
  stop();
  const { person } = store.latest;
  if (!person || document.hidden) return;
  const userId = person.user_id;
  stop = follow({
    open: (lastId, signal) => rest.events(userId, lastId, signal),
    onPhase(stream) {
      dispatch({ type: "phase", stream, at: now() });
      token.askedFor(stream);
      if (stream.phase === "live") readOpinions(userId);
    },
    onEvents(events) {
      const at = now();
      for (const { name, data } of events) dispatch({ type: "event", name, data, at });
      if (events.some(({ name }) => name === "reset")) readOpinions(userId);
      if (events.some(({ name }) => name === "recommendations")) explain(userId);
    },
  });
}

/** What somebody rated and watched; after that the stream keeps it up to date. */
async function readOpinions(userId) {
  try {
    const [ratings, watched] = await Promise.all([rest.ratings(userId), rest.watched(userId)]);
    dispatch({ type: "opinions", userId, ratings, watched });
  } catch (error) {
    tell(error);
  }
}

/** Why the list is what it is. One question at a time; of what came meanwhile only the newest is asked. */
async function explain(userId) {
  if ((explaining += 1) > 1) return;
  try {
    dispatch({ type: "explained", userId, why: readReasons(await rest.explained(userId)) });
  } catch (error) {
    console.info("no reasons for the list", error.message); // it can be read without them
  }
  const again = explaining > 1;
  explaining = 0;
  if (again) explain(userId);
}

/** Rate, take back, mark as watched or not: shown at once, and taken back when it was refused. */
async function act(what, movie, value) {
  const { person } = store.latest;
  if (!person) return;
  const userId = person.user_id;
  dispatch({ type: "sent", what, movie, value, at: now() });
  try {
    const answer = await send(what, userId, movie.movie_id, value);
    dispatch({ type: "answered", what, movie, userId, answer, at: now() });
  } catch (error) {
    token.askedFor(error);
    dispatch({ type: "failed", what, movie, userId, words: `${movie.title}: ${error.message}` });
  }
}

function send(what, userId, movieId, value) {
  if (what === "watched") return value ? rest.watch(userId, movieId) : rest.unwatch(userId, movieId);
  if (value === null) return rest.unrate(userId, movieId);
  return rest.rate(userId, movieId, value, store.latest.ratings.get(movieId)?.liked ?? null);
}

async function find({ title, genre, more = false }) {
  finding.abort();
  finding = new AbortController();
  const query = { limit: FOUND, after: more ? store.latest.search.next : 0, ...(title && { title }), ...(genre && { genre }) };
  dispatch({ type: "searching", title, genre });
  try {
    dispatch({ type: "found", ...(await rest.movies(query, finding.signal)), more });
  } catch (error) {
    if (error.name === "AbortError") return;
    token.askedFor(error);
    dispatch({ type: "unfound", words: error.message });
  }
}

function tell(error) {
  dispatch({ type: "notice", words: error.message });
}

function announce(words) {
  part("announcer").textContent = words;
}

store.show(createPeopleView({ button: part("person"), dialog: part("people"), rest, choose }));
store.show(createListView(part("list"), act));
store.show(createJourneyView(part("journey"), announce));
store.show(createMoviesView(part("movies"), { find, act }));
store.show(createPipelineView(part("pipeline")));
store.show(createStatusView(part("status"), part("notice")));

// Nobody looks: the connection is given back. Whoever looks again gets what is true then.
document.addEventListener("visibilitychange", () => {
  listen();
  if (document.hidden) dispatch({ type: "phase", stream: { phase: "paused" }, at: now() });
});
setInterval(() => dispatch({ type: "tick", at: now() }), 1_000);
begin();
