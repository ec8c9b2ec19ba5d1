/** Follows the events of one person, and comes again by itself until it is told to stop. */
import { EventParser } from "./sse.js";

export const SILENCE = 15_000; // milliseconds without a word after which the connection is given up: the lag comes every second
const LONGEST_PAUSE = 8_000; // milliseconds
const FINAL = new Set([400, 401, 403, 404, 422]); // asking again would not help

/**
 * `open(lastId, signal)` gives the answer whose body is the stream. `onEvents` gets each piece's events, parsed;
 * `onPhase` gets `connecting`, `live`, `away` (with `again`, the milliseconds until the next try) or `refused`.
 * Returns what ends it.
 */
export function follow({ open, onEvents, onPhase, silence = SILENCE }) {
  const stopped = new AbortController();
  run(stopped.signal);
  return () => stopped.abort();

  async function run(stop) {
    const parser = { lastId: "", retry: 1_000 };
    for (let failures = 0; !stop.aborted; ) {
      if (!failures) onPhase({ phase: "connecting" });
      try {
        await listen(parser, stop, () => (failures = 0));
      } catch (error) {
        if (stop.aborted) return;
        if (FINAL.has(error.status)) {
          onPhase({ phase: "refused", status: error.status, words: error.message });
          return;
        }
      }
      if (stop.aborted) return;
      const again = pause(parser.retry, failures++);
      onPhase({ phase: "away", again });
      await rest(again, stop);
    }
  }

  async function listen(known, stop, onHeard) {
    const connection = new AbortController();
    const end = () => connection.abort();
    stop.addEventListener("abort", end, { once: true });
    let watch = setTimeout(end, silence);
    try {
      const answer = await open(known.lastId, connection.signal);
      onPhase({ phase: "live" });
      const parser = new EventParser();
      parser.lastId = known.lastId;
      for await (const piece of pieces(answer.body)) {
        clearTimeout(watch);
        watch = setTimeout(end, silence);
        onHeard();
        const events = parser.push(piece);
        known.lastId = parser.lastId;
        known.retry = parser.retry ?? known.retry;
        onEvents(events.map(({ name, data }) => ({ name, data: JSON.parse(data) })));
      }
    } finally {
      clearTimeout(watch);
      stop.removeEventListener("abort", end);
    }
  }
}

/** Milliseconds to wait after so many failures in a row: doubled each time, and not the same for everybody. */
export function pause(first, failures, chance = Math.random()) {
  return Math.round(Math.min(LONGEST_PAUSE, first * 2 ** failures) * (0.75 + chance / 4));
}

async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have ended already
  }
}

function rest(milliseconds, stop) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
