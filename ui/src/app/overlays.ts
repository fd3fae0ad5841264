import { create } from "zustand";

/** Which of the windows that belong to the whole console is open. At most one at a time. */
type Overlay = "palette" | "shortcuts" | "add-api" | null;

export const useOverlay = create<{ open: Overlay }>(() => ({ open: null }));

export const openOverlay = (open: Overlay) => useOverlay.setState({ open });
export const closeOverlay = () => openOverlay(null);
export const openPalette = () => openOverlay("palette");
export const openAddApi = () => openOverlay("add-api");
