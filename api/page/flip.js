/** Moves what changed its place: first, last, invert, play. Only transforms and opacity are animated. */

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const MOVE = { duration: 520, easing: "cubic-bezier(.2, .8, .2, 1)" };
const COME = { duration: 420, easing: "ease-out" };
const GO = { duration: 260, easing: "ease-in" };

/** Do `change` to the children of `parent`, and let those that moved, came or went be seen to. */
export function withMotion(parent, change) {
  if (CALM.matches || document.hidden) {
    change();
    return;
  }
  const before = new Map([...parent.children].map((child) => [child, child.getBoundingClientRect()]));
  change();
  for (const child of parent.children) for (const running of child.getAnimations()) running.cancel();
  const frame = parent.getBoundingClientRect();
  for (const child of [...parent.children]) {
    const first = before.get(child);
    if (first) move(child, first);
    else child.animate([{ opacity: 0, transform: "translateY(14px)" }, { opacity: 1, transform: "none" }], COME);
  }
  for (const [child, place] of before) if (!child.isConnected) leave(parent, child, place, frame);
}

function move(child, first) {
  const last = child.getBoundingClientRect();
  const [x, y] = [first.left - last.left, first.top - last.top];
  if (x || y) child.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], MOVE);
}

/** A picture of what is gone fades where it stood; nobody can reach it. */
function leave(parent, child, place, frame) {
  const ghost = child.cloneNode(true);
  for (const control of ghost.querySelectorAll("input, button")) control.remove();
  ghost.setAttribute("aria-hidden", "true");
  ghost.classList.add("ghost");
  Object.assign(ghost.style, {
    left: `${place.left - frame.left}px`,
    top: `${place.top - frame.top}px`,
    width: `${place.width}px`,
    height: `${place.height}px`,
  });
  parent.parentElement.append(ghost);
  const animation = ghost.animate([{ opacity: 1, transform: "none" }, { opacity: 0, transform: "translateX(-24px)" }], GO);
  animation.finished.finally(() => ghost.remove());
}
