/** Holds the state. What happens is gathered and taken in once for each frame, however much it is. */

/** `reduce(state, action)` is pure; `views` are called with the new state and the one that they showed before. */
export function createStore(reduce, initial, schedule = nextFrame) {
  let state = initial;
  let shown = null;
  let waiting = [];
  const views = [];

  function take() {
    const actions = waiting;
    waiting = [];
    state = actions.reduce(reduce, state);
    const before = shown;
    shown = state;
    for (const view of views) view(state, before);
  }

  return {
    dispatch(action) {
      waiting.push(action);
      if (waiting.length === 1) schedule(take);
    },
    /** Shows the state now, and then whenever it has changed. */
    show(view) {
      views.push(view);
      shown = state;
      view(state, null);
    },
    /** The state with everything that has happened so far, also what is not shown yet. */
    get latest() {
      return waiting.reduce(reduce, state);
    },
  };
}

function nextFrame(work) {
  // A window that nobody sees has no frames.
  if (document.hidden) setTimeout(work, 250);
  else requestAnimationFrame(work);
}
