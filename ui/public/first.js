// Runs before the console's own code, as a file because the window's CSP allows no inline script.

// WebKitGTK reports the language "C" under LANG=C or POSIX, and Intl throws on it when uPlot is imported.
(() => {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US", configurable: true });
    Object.defineProperty(Navigator.prototype, "languages", { get: () => ["en-US"], configurable: true });
  }
})();

// The chosen theme, before the first paint; without a choice the system decides.
(() => {
  try {
    const theme = JSON.parse(localStorage.getItem("gatepost.preferences") ?? "{}").state?.theme;
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    // No storage, no choice.
  }
})();
