// Outputs take their colours from JupyterLab's theme; here they follow the site's.
function follow() {
  document.body.dataset.jpThemeLight = String(document.documentElement.dataset.theme !== "dark");
}

// What the theme leaves out for people who use a keyboard or a screen reader.
function name_toggles() {
  for (const toggle of document.querySelectorAll("nav summary:not([aria-label])")) {
    const part = toggle.closest("li")?.querySelector("a")?.textContent.trim();
    toggle.setAttribute("aria-label", `Pages of ${part ?? "this part"}`);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  follow();
  name_toggles();
  new MutationObserver(follow).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
});
