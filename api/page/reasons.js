/** Why a movie is recommended, in a sentence. Pure. */
import { stars } from "./words.js";

/** By movie, what speaks for it; empty where the API does not tell. */
export function readReasons(answer) {
  return new Map(answer.recommendations.map((one) => [one.movie_id, one.because ?? []]));
}

/** "Because of The Matrix (4½ ★) and Coco, which you watched". */
export function reasonWords(reasons) {
  const named = (reasons ?? []).filter(({ title }) => title);
  return named.length ? `Because of ${join(named.map(said))}` : "";
}

function said({ title, rating }) {
  return rating === null ? `${title} (watched)` : `${title} (${stars(rating)} ★)`;
}

function join(parts) {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
