import { useMemo, useSyncExternalStore } from "react";

/** The colours a canvas needs, read from the tokens; a canvas cannot read CSS variables by itself. */
export interface ChartTheme {
  grid: string;
  axis: string;
  text: string;
  card: string;
  ok_2xx: string;
  ok_2xx_area: string;
  redirect_3xx: string;
  client_4xx: string;
  server_5xx: string;
  refused: string;
  refused_bg: string;
  p50: string;
  p95: string;
  p99: string;
  area: string;
  mark: string;
  heat: string[];
  font: string;
}

let version = 0;
const listeners = new Set<() => void>();
let stop_watching: (() => void) | null = null;

function announce() {
  version += 1;
  for (const listener of listeners) listener();
}

function watch(): () => void {
  const observer = new MutationObserver(announce);
  observer.observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["data-theme", "style", "class"],
  });
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", announce);
  return () => {
    observer.disconnect();
    scheme.removeEventListener("change", announce);
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  stop_watching ??= watch();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      stop_watching?.();
      stop_watching = null;
    }
  };
}

/** Reads the tokens in force on the root element. */
export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim() || "#888888";
  return {
    grid: token("--c-grid"),
    axis: token("--c-axis"),
    text: token("--text"),
    card: token("--bg-card"),
    ok_2xx: token("--s2-fill"),
    ok_2xx_area: `color-mix(in srgb, ${token("--s2-fill")} 32%, ${token("--bg-card")})`,
    redirect_3xx: token("--s3-fill"),
    client_4xx: token("--s4-fill"),
    server_5xx: token("--s5-fill"),
    refused: token("--refused-fill"),
    refused_bg: token("--refused-bg"),
    p50: token("--c1"),
    p95: token("--c2"),
    p99: token("--c3"),
    area: token("--accent-bg"),
    mark: token("--text-3"),
    heat: [0, 1, 2, 3, 4, 5, 6].map((level) => token(`--h${level}`)),
    font: `11px ${style.getPropertyValue("--font-ui").trim() || "sans-serif"}`,
  };
}

/** The chart colours; a new object each time the theme changes, the same one otherwise. */
export function useChartTheme(): ChartTheme {
  const current = useSyncExternalStore(subscribe, () => version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version is what says that the tokens changed
  return useMemo(readTheme, [current]);
}
