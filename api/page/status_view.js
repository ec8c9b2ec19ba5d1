/** How things stand: a word at the top, and a sentence where it matters. */
import { say } from "./dom.js";
import { standing } from "./words.js";

export function createStatusView(root, notice) {
  const word = root.querySelector("[data-word]");
  const words = root.querySelector("[data-words]");

  return (state) => {
    const now = standing(state, state.now);
    if (root.dataset.kind !== now.kind) root.dataset.kind = now.kind;
    say(word, now.word);
    say(words, now.words);
    const told = state.notice?.words ?? (now.kind === "bad" ? now.words : "");
    notice.hidden = !told;
    say(notice, told);
  };
}
