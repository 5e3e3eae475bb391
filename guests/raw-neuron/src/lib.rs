//! A neuron without the SDK.
