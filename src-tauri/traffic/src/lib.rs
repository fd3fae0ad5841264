//! Calls: the recorder's other end, rollups, queries, retention.
