/** Who it is for: the people there are, and a form for somebody new. */
import { arrange, el, say } from "./dom.js";
import { nameOf, placeOf } from "./words.js";

/** A view on the button and the dialog. `rest` is the client of the API; `choose(person)` is told who it is. */
export function createPeopleView({ button, dialog, rest, choose }) {
  const list = dialog.querySelector("[data-people]");
  const filter = dialog.querySelector("[data-people-filter]");
  const told = dialog.querySelector("[data-people-told]");
  const form = dialog.querySelector("form");
  const failed = form.querySelector("[data-form-told]");
  let people = [];

  function show() {
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const shown = people.filter((person) => matches(person, words));
    arrange(list, shown.slice(0, 200).map(entry));
    say(told, shown.length ? `${shown.length} of ${people.length} people` : "Nobody like that.");
  }

  function entry(person) {
    const pick = el(
      "button",
      { type: "button", className: "person" },
      el("span", { className: "name" }, nameOf(person)),
      el("span", { className: "facts" }, [`no. ${person.user_id}`, placeOf(person)].filter(Boolean).join(" · ")),
    );
    pick.addEventListener("click", () => take(person));
    return el("li", {}, pick);
  }

  function take(person) {
    dialog.close();
    choose(person);
  }

  async function load() {
    say(told, "Asking who there is …");
    try {
      people = await everybody(rest);
      show();
    } catch (error) {
      say(told, error.message);
    }
  }

  filter.addEventListener("input", show);
  button.addEventListener("click", () => {
    dialog.showModal();
    load();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(failed, "");
    const given = Object.fromEntries([...new FormData(form)].map(([name, text]) => [name, text.trim()]).filter(([, text]) => text));
    try {
      const person = await rest.signUp(given);
      form.reset();
      take(person);
    } catch (error) {
      say(failed, [error.message, ...error.fields.map(({ name, detail }) => `${name.replace("_", " ")}: ${detail}`)].join(" "));
    }
  });

  return (state, before) => {
    if (state.person === before?.person && before) return;
    say(button.querySelector("span"), state.person ? nameOf(state.person) : "Choose somebody");
    button.title = state.person ? placeOf(state.person) : "";
  };
}

async function everybody(rest) {
  const people = [];
  for (let after = 0; after !== null; ) {
    const page = await rest.people(after);
    people.push(...page.items);
    after = page.next;
  }
  return people;
}

function matches(person, words) {
  const text = [nameOf(person), placeOf(person), person.user_id].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
