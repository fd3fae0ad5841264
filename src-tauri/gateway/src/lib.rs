//! The data plane: listener, route, policies, upstream, recorder.
