//! One file a policy.
