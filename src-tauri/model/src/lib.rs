//! Gatepost's words as plain types.
