import { create } from "zustand";

const KEY = "gatepost.token";

/** The bearer token of the browser console. `gatepost serve` prints an address that carries it after `#token=`. */
export const useToken = create<{ token: string | null; refused: boolean }>(() => ({ token: localStorage.getItem(KEY), refused: false }));

export const token = (): string | null => useToken.getState().token;

export function keepToken(value: string): void {
  localStorage.setItem(KEY, value);
  useToken.setState({ token: value, refused: false });
}

/** After a 401: the page asks for the token again instead of repeating a wrong one. */
export function forgetToken(): void {
  if (token() === null) return;
  localStorage.removeItem(KEY);
  useToken.setState({ token: null, refused: true });
}

/** Takes the token out of the address, and out of the history, before the router reads it. */
export function takeTokenFromAddress(): void {
  const match = /^#token=([^&]+)/.exec(location.hash);
  if (!match?.[1]) return;
  keepToken(decodeURIComponent(match[1]));
  history.replaceState(null, "", `${location.pathname}${location.search}#/`);
}
