//! What recorded traffic promises, through its public door alone.

mod analytics;
mod live;
mod recording;
mod retention;
mod search;
mod world;
