import { create } from "zustand";
import { persist } from "zustand/middleware";

export type Theme = "system" | "dark" | "light";

/** What this person chose on this machine. `public/first.js` reads the theme under the same name before the first paint. */
export const usePreferences = create<{ theme: Theme }>()(persist(() => ({ theme: "system" as Theme }), { name: "gatepost.preferences" }));

export const setTheme = (theme: Theme) => usePreferences.setState({ theme });

function show(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Keeps the page in the chosen theme from now on. Without a choice the system's holds, through the style sheet alone. */
export function followTheme(): void {
  show(usePreferences.getState().theme);
  usePreferences.subscribe(({ theme }) => show(theme));
}
