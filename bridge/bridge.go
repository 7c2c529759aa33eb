// Package bridge defines the types that all other packages of absorb-bridge share.
//
// An Event is one thing that happened in Absorb. Facts are the event's webhook and
// the answers to its lookups. A Message is the text about an event, in no platform's
// format. A Sink is a destination of messages. A Delivery is the record that one
// event goes to one sink by one route.
//
// The package imports only the standard library and does no I/O, so any package may
// depend on it.
package bridge
