import { create } from "zustand";

/** An expression to play with. With `onUse` it came from a field, which takes what becomes of it. */
export type Play = { text: string; onUse?: (text: string) => void };

export const usePlay = create<{ play: Play | null }>(() => ({ play: null }));

export const tryExpression = (play: Play) => usePlay.setState({ play });
export const endPlay = () => usePlay.setState({ play: null });
