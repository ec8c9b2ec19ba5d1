/** Asks for a token where the API wants one, and keeps it for as long as the window is open. */
import { say } from "./dom.js";

const KEPT = "dataflix-token";

/** `onGiven()` goes on with the token. */
export function createTokenDialog(dialog, onGiven) {
  const form = dialog.querySelector("form");
  const told = dialog.querySelector("[data-token-told]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, new FormData(form).get("token").trim());
    form.reset();
    dialog.close();
    onGiven();
  });
  return {
    get: () => sessionStorage.getItem(KEPT) ?? "",
    /** Whether this is a refusal that a token could mend; then it is asked for. */
    askedFor({ status, message, words }) {
      if (status !== 401 && status !== 403) return false;
      say(told, message ?? words);
      if (!dialog.open) dialog.showModal();
      return true;
    },
  };
}
