// Package headroom is the client of a Headroom server: may this account use this, how much
// is left, what would unlock it. It asks the server (Client.Check, Client.Consume) or
// answers in the process (Client.Account), fed by server-sent events. It needs nothing but
// the standard library.
package headroom
