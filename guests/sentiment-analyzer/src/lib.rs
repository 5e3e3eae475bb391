//! A neuron.
