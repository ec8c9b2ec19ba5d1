/** The API as the page uses it. */

/** The API did not do what was asked. `message` is a sentence for people; `status` is 0 when nobody answered. */
export class Refused extends Error {
  constructor(status, message, fields = []) {
    super(message);
    this.status = status;
    this.fields = fields; // what is wrong with which field: {name, detail}
  }
}

const PAGE = 500; // the longest page that the API gives

/** A client. `token()` gives the bearer token, "" while there is none. */
export function connect(token, fetch = globalThis.fetch.bind(globalThis)) {
  async function ask(method, path, { body, signal } = {}) {
    const headers = authorised(token());
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await reach(() => fetch(path, { method, headers, body: JSON.stringify(body), signal }));
    if (!answer.ok) throw await refusal(answer);
    return answer.status === 204 ? null : answer.json();
  }

  async function all(path) {
    const items = [];
    let after = 0;
    do {
      const page = await ask("GET", `${path}?${new URLSearchParams({ limit: PAGE, after })}`);
      items.push(...page.items);
      after = page.next;
    } while (after !== null);
    return items;
  }

  return {
    people: (after = 0) => ask("GET", `/users?${new URLSearchParams({ limit: PAGE, after })}`),
    person: (userId) => ask("GET", `/users/${userId}`),
    signUp: (person) => ask("POST", "/users", { body: person }),
    ratings: (userId) => all(`/ratings/${userId}`),
    watched: (userId) => all(`/watched/${userId}`),
    movies: (query, signal) => ask("GET", `/movies?${new URLSearchParams(query)}`, { signal }),
    rate: (userId, movieId, rating, liked) => ask("PUT", `/ratings/${userId}/${movieId}`, { body: { rating, liked } }),
    unrate: (userId, movieId) => ask("DELETE", `/ratings/${userId}/${movieId}`),
    watch: (userId, movieId) => ask("PUT", `/watched/${userId}/${movieId}`, { body: {} }),
    unwatch: (userId, movieId) => ask("DELETE", `/watched/${userId}/${movieId}`),
    explained: (userId) => ask("GET", `/recommendations/${userId}?explain=true`),
    /** The stream of events, as an answer whose body goes on. */
    async events(userId, lastId, signal) {
      const headers = authorised(token());
      if (lastId) headers["Last-Event-ID"] = lastId;
      const answer = await reach(() => fetch(`/events?${new URLSearchParams({ user_id: userId })}`, { headers, signal }));
      if (!answer.ok) throw await refusal(answer);
      return answer;
    },
  };
}

function authorised(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function reach(request) {
  try {
    return await request();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The API does not answer.");
  }
}

async function refusal(answer) {
  try {
    const problem = await answer.json();
    const fields = (problem.errors ?? []).map(({ pointer, parameter, detail }) => ({
      name: pointer?.slice(1) ?? parameter ?? "",
      detail,
    }));
    return new Refused(answer.status, problem.detail ?? problem.title, fields);
  } catch {
    return new Refused(answer.status, `The API answered with status ${answer.status}.`);
  }
}
