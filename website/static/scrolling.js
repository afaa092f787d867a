// What is wider or higher than its frame is scrolled with the arrow keys once it has the focus.
function reach() {
  for (const one of document.querySelectorAll("main pre, main div, main section > *, article div")) {
    const style = getComputedStyle(one);
    const wide = one.scrollWidth > one.clientWidth && /auto|scroll/.test(style.overflowX);
    const high = one.scrollHeight > one.clientHeight && /auto|scroll/.test(style.overflowY);
    if ((wide || high) && !one.hasAttribute("tabindex")) one.tabIndex = 0;
  }
}
document.addEventListener("DOMContentLoaded", reach);
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true);
