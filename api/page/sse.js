/** Reads text/event-stream in pieces of any size. Pure: what it is given goes in, whole events come out. */
export class EventParser {
  lastId = "";
  retry = null; // milliseconds that the server wants a client to wait before it comes again
  #rest = "";
  #name = "";
  #data = [];

  /** The events that this piece completes: `{name, data, id}`, the data as text. */
  push(piece) {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter(Boolean);
  }

  #line(line) {
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id") this.lastId = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #finish() {
    const event = this.#data.length ? { name: this.#name || "message", data: this.#data.join("\n"), id: this.lastId } : null;
    this.#name = "";
    this.#data = [];
    return event;
  }
}
