/** What the page says, made of values. Pure. */

const STARS = ["", "½", "1", "1½", "2", "2½", "3", "3½", "4", "4½", "5"];

/** 4.5 is "4½". */
export function stars(value) {
  return STARS[Math.round(value * 2)] ?? "";
}

/** 4.5 is "4½ stars", for those who hear it. */
export function starsAloud(value) {
  if (value === 0.5) return "half a star";
  const whole = Math.floor(value);
  const half = value % 1 ? " and a half" : "";
  return `${whole}${half} ${value === 1 ? "star" : "stars"}`;
}

export function milliseconds(value) {
  return value < 9_950 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

export function seconds(value) {
  return value < 90 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}

const NUMBERS = new Intl.NumberFormat("en");

export function count(value, one, many = `${one}s`) {
  return `${NUMBERS.format(value)} ${value === 1 ? one : many}`;
}

export function number(value) {
  return NUMBERS.format(value);
}

/** How somebody is called: as much of the name as is shown, else the number. */
export function nameOf(person) {
  const name = [person.first_name, person.last_name].filter(Boolean).join(" ");
  return name || `Person ${person.user_id}`;
}

export function placeOf(person) {
  return [person.city, person.state, person.country].filter(Boolean).join(", ");
}

/** The genres of "Drama|Sci-Fi". */
export function genres(text) {
  return text ? text.split("|") : [];
}

/** Where a movie went in a list: a sign for the eye and words for the ear, null when it stayed. */
export function moved({ place, before }) {
  if (before === null) return { kind: "new", sign: "new", words: "new in the list" };
  if (before === place) return null;
  const places = count(Math.abs(before - place), "place");
  return before > place
    ? { kind: "up", sign: `▲ ${before - place}`, words: `up ${places}` }
    : { kind: "down", sign: `▼ ${place - before}`, words: `down ${places}` };
}

/** How the page stands, in a word and in a sentence. `now` and `heardAt` are milliseconds of one clock. */
export function standing({ stream, heardAt, lag }, now) {
  if (stream.phase === "connecting") return { kind: "wait", word: "Connecting", words: "Connecting to the API." };
  if (stream.phase === "paused") return { kind: "wait", word: "Paused", words: "Paused while nobody looks." };
  if (stream.phase === "refused") return { kind: "bad", word: "Refused", words: stream.words };
  if (stream.phase === "away") {
    const old = heardAt === null ? "" : ` What you see is ${seconds((now - heardAt) / 1000)} old.`;
    return { kind: "bad", word: "No connection", words: `The API does not answer; trying again.${old}` };
  }
  if (heardAt !== null && now - heardAt > 4_000) {
    const silent = seconds((now - heardAt) / 1000);
    return { kind: "wait", word: "Silent", words: `Nothing was heard for ${silent}: what you see may be old.` };
  }
  if (lag && !lag.caught_up) {
    return { kind: "wait", word: "Catching up", words: "The API is reading the stream from its beginning." };
  }
  if (lag && lag.seconds_since_contact > 12) {
    const silent = seconds(lag.seconds_since_contact);
    return { kind: "bad", word: "Stale", words: `Kafka has not answered for ${silent}: lists stay as they are.` };
  }
  if (lag && lag.lag > 0) {
    return { kind: "wait", word: "Behind", words: `${count(lag.lag, "change")} not yet counted.` };
  }
  return { kind: "good", word: "Live", words: "Every change that is known is counted." };
}
