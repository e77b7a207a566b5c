//! What a hall can write down for its orders, and what is refused.
