// Arrow keys, space and page keys go from slide to slide; the address keeps the place.
const slides = [...document.querySelectorAll("section")];
const place = document.getElementById("place");
let at = 0;
function show(number, move) {
  at = Math.max(0, Math.min(slides.length - 1, number));
  place.textContent = `${at + 1} / ${slides.length}`;
  history.replaceState(null, "", `#${at + 1}`);
  if (move) { slides[at].scrollIntoView(); slides[at].focus({ preventScroll: true }); }
}
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("summary, a, input")) return;
  const step = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (step) { event.preventDefault(); show(at + step, true); }
});
new IntersectionObserver((seen) => {
  const top = seen.filter((one) => one.isIntersecting).map((one) => slides.indexOf(one.target));
  if (top.length) show(Math.min(...top), false);
}, { threshold: 0.5 }).observe(slides[0]);
show(Number(location.hash.slice(1) || 1) - 1, location.hash !== "");
