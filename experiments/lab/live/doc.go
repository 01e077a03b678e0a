// Package live shows a run in a browser while it goes on: one page, which follows it by
// server-sent events.
//
//   - State: what the page shows, told by the run: Log, Metric, Figure, Progress; whether
//     it is to pause
//   - Job: one network of the run on the way through its stages; Between looks at it
//     between two steps of its training
//   - Server: the page, the events, and the requests that pause and stop the run
//
// # What watching costs
//
// A run tells State what it logs anyway, and asks it between two steps whether to pause,
// which is a look at two numbers. Whatever else the page shows, gradient norms, filters and samples, is computed
// only while somebody watches, between two steps and by the goroutine that takes them, at
// most once a second for each network and in 1 % of the time. It reads
// parameters, draws from streams of its own, and puts back the states of the
// model's, so that a run that is watched leaves the bytes of one that is not.
//
// Viewers are sent what has changed since they were last sent something, whatever happened in
// between: a slow one misses states and holds nobody up, and one that comes again goes on from the
// last event that it saw.
//
// # Who may do what
//
// Everybody who reaches the server may watch. It listens where it is told to, on the
// loopback interface by default, answers requests that are addressed to this machine and
// come from its own page, and no other site's. To pause or stop the run takes a token that
// is made at random for each server.
package live
