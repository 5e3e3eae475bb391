// Owns the choice between light, dark and the system's colours. It runs before the page is painted, so that nothing flickers.
"use strict";
(() => {
  const order = ["system", "light", "dark"];
  const names = { system: "as the system", light: "light", dark: "dark" };
  const read = () => {
    try {
      const kept = localStorage.getItem("hal9-theme");
      return order.includes(kept) ? kept : "system";
    } catch {
      return "system"; // Storage can be forbidden.
    }
  };
  const show = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const name = document.querySelector("[data-theme-name]");
    if (name) name.textContent = names[theme];
  };
  show(read());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    show(read());
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = order[(order.indexOf(read()) + 1) % order.length];
      try {
        localStorage.setItem("hal9-theme", theme);
      } catch {
        // Then it lasts for this page.
      }
      show(theme);
    });
  });
})();
