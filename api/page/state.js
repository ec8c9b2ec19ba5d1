/** What the page knows, and what each thing that happens makes of it. Pure: no clock, no network, no document. */

const WINDOW = 5; // seconds over which changes are counted
const TABLE = { rating: "ratings", watched: "watched_movies" };
const KEY = { ratings: "rating_id", watched_movies: "watched_id" };

export const NO_SEARCH = { title: "", genre: "", items: [], next: null, phase: "idle", words: "" };

export const initial = {
  person: null,
  stream: { phase: "connecting" },
  heardAt: null, // of every moment here: milliseconds of one clock that only goes on
  now: 0,
  list: null, // the last event of recommendations
  listAt: null,
  why: new Map(), // by movie
  ratings: new Map(), // by movie: {rating_id, rating, liked, rated_at}
  watched: new Map(), // by movie: {watched_id}
  pending: new Map(), // what was sent and not yet answered, by `${what}:${movie_id}`
  journey: null, // the way of the newest thing that was done here, from the click to the list
  model: null,
  lag: null,
  flow: { total: 0, byTable: {}, second: 0, counts: [] },
  passed: null, // the newest change
  search: NO_SEARCH,
  notice: null,
};

const ON = {
  chosen: (state, { person }) => ({ ...initial, search: state.search, now: state.now, flow: state.flow, person }),

  opinions: (state, { userId, ratings, watched }) =>
    isOf(state, userId)
      ? {
          ...state,
          ratings: new Map(ratings.map((one) => [one.movie_id, one])),
          watched: new Map(watched.map((one) => [one.movie_id, one])),
        }
      : state,

  explained: (state, { userId, why }) => (isOf(state, userId) ? { ...state, why } : state),

  phase: (state, { stream, at }) => ({ ...state, stream, now: at }),

  tick: (state, { at }) => ({ ...state, now: at }),

  event: (state, { name, data, at }) => {
    const on = EVENT[name];
    const heard = { ...state, heardAt: at, now: at };
    return on ? on(heard, data, at) : heard;
  },

  searching: (state, { title, genre }) => ({
    ...state,
    search: { ...state.search, title, genre, phase: "searching", words: "" },
  }),
  found: (state, { items, next, more }) => ({
    ...state,
    search: { ...state.search, items: more ? [...state.search.items, ...items] : items, next, phase: "found", words: "" },
  }),
  unfound: (state, { words }) => ({ ...state, search: { ...state.search, phase: "failed", words } }),

  sent: (state, { what, movie, value, at }) => ({
    ...state,
    now: at,
    notice: null,
    pending: withEntry(state.pending, `${what}:${movie.movie_id}`, value),
    journey: { what, movie, value, row: rowOf(state, what, movie), sentAt: at, answeredAt: null, countedAt: null, listAt: null },
  }),

  answered: (state, { what, movie, userId, answer, at }) => {
    if (!isOf(state, userId)) return state;
    const next = { ...state, now: at, pending: withoutEntry(state.pending, `${what}:${movie.movie_id}`) };
    const held = what === "rating" ? "ratings" : "watched";
    next[held] = answer ? withEntry(state[held], movie.movie_id, answer) : withoutEntry(state[held], movie.movie_id);
    if (isJourney(state, what, movie.movie_id)) next.journey = { ...state.journey, answeredAt: at };
    return next;
  },

  failed: (state, { what, movie, userId, words }) => {
    if (!isOf(state, userId)) return state;
    const pending = withoutEntry(state.pending, `${what}:${movie.movie_id}`);
    const journey = isJourney(state, what, movie.movie_id) ? null : state.journey;
    return { ...state, pending, journey, notice: { words } };
  },

  notice: (state, { words }) => ({ ...state, notice: words ? { words } : null }),
};

const EVENT = {
  change: (state, change, at) => counted({ ...state, passed: { ...change, at, mine: isMine(state, change) } }, change, at),

  recommendations: (state, list, at) => {
    if (!isOf(state, list.user_id)) return state;
    const { journey } = state;
    const arrived = journey?.countedAt && !journey.listAt && list.cause === "history";
    return {
      ...state,
      list,
      listAt: at,
      model: list.model_version,
      journey: arrived ? { ...journey, listAt: at } : journey,
    };
  },

  model: (state, { version }) => ({ ...state, model: version }),
  lag: (state, lag, at) => ({ ...state, lag, flow: ticked(state.flow, at) }),
};

/** The state after an action. */
export function reduce(state, action) {
  return ON[action.type](state, action);
}

/** The stars that somebody gave a movie, null for none: what was sent counts before it is answered. */
export function starsOf(state, movieId) {
  const sent = state.pending.get(`rating:${movieId}`);
  return sent === undefined ? (state.ratings.get(movieId)?.rating ?? null) : sent;
}

/** Whether somebody watched a movie, by the same rule. */
export function isWatched(state, movieId) {
  return state.pending.get(`watched:${movieId}`) ?? state.watched.has(movieId);
}

/** Changes a second, of late. */
export function pace({ counts }) {
  return counts.reduce((sum, one) => sum + one, 0) / WINDOW;
}

function counted(state, change, at) {
  const { table, row } = change;
  const flow = ticked(state.flow, at);
  const next = {
    ...state,
    flow: {
      ...flow,
      total: flow.total + 1,
      byTable: { ...flow.byTable, [table]: (flow.byTable[table] ?? 0) + 1 },
      counts: [...flow.counts.slice(0, -1), flow.counts.at(-1) + 1],
    },
  };
  const held = table === "ratings" ? "ratings" : "watched";
  const key = KEY[table];
  if (!key) return next;
  if (change.deleted) {
    const gone = [...state[held]].find(([, one]) => one[key] === row[key]);
    if (gone) next[held] = withoutEntry(state[held], gone[0]);
  } else if (row.user_id === state.person?.user_id) {
    next[held] = newer(state[held], row);
  }
  if (isAwaited(state, change)) next.journey = { ...state.journey, countedAt: at };
  return next;
}

/** The opinions with this row, unless a newer one of the same movie is held: an answer may overtake the stream. */
function newer(held, row) {
  const before = held.get(row.movie_id);
  if (before && Date.parse(before.rated_at) > Date.parse(row.rated_at)) return held;
  return withEntry(held, row.movie_id, { ...row, rating: Number(row.rating) });
}

function isAwaited(state, { table, row, deleted }) {
  const { journey } = state;
  if (!journey || journey.countedAt || TABLE[journey.what] !== table) return false;
  const takenBack = journey.value === null || journey.value === false;
  if (deleted) return takenBack && row[KEY[table]] === journey.row; // a deleted row names itself alone
  return !takenBack && row.user_id === state.person.user_id && row.movie_id === journey.movie.movie_id;
}

function isMine(state, { table, row, deleted }) {
  if (state.person === null) return false;
  if (!deleted) return row.user_id === state.person.user_id;
  const held = { ratings: state.ratings, watched_movies: state.watched }[table];
  return Boolean(held) && [...held.values()].some((one) => one[KEY[table]] === row[KEY[table]]);
}

/** The number of the row that holds what somebody said of a movie, undefined where there is none. */
function rowOf(state, what, movie) {
  return what === "rating" ? state.ratings.get(movie.movie_id)?.rating_id : state.watched.get(movie.movie_id)?.watched_id;
}

/** The counts of the seconds up to this one; the last is the second that goes on. */
function ticked(flow, at) {
  const second = Math.floor(at / 1000);
  if (second === flow.second && flow.counts.length) return flow;
  const passed = Math.min(WINDOW, flow.counts.length ? second - flow.second : WINDOW);
  return { ...flow, second, counts: [...flow.counts, ...Array(passed).fill(0)].slice(-WINDOW) };
}

function isOf(state, userId) {
  return state.person?.user_id === userId;
}

function isJourney({ journey }, what, movieId) {
  return journey?.what === what && journey.movie.movie_id === movieId;
}

function withEntry(map, key, value) {
  return new Map(map).set(key, value);
}

function withoutEntry(map, key) {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
