//! A learning algorithm.
