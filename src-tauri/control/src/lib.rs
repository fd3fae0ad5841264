//! What an operator can do: the management API and the way from catalog to Plan.
