// Package bridge is the vocabulary of absorb-bridge: what every other package
// speaks of and none of them owns.
//
// An Event is what Absorb announced. Facts are what is known of it once it was
// looked up. A Message is what should be said about it, in words that belong to
// no platform. A Sink is where it is said. A Delivery is one message on its way
// to one sink.
//
// The package imports only the standard library and does no I/O, so that any
// package may depend on it and it depends on none.
package bridge
