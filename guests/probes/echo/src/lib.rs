//! A neuron that gives back what it gets.
