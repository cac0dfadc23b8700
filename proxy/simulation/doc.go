// Package simulation runs many relays behind a balancer, with their PostgreSQL,
// their S3 store, their upstream and their clients, on a clock of its own: an hour
// of a million messages takes seconds. It opens nothing and waits for nothing, and
// the same configuration gives the same report to the last digit.
//
// The model:
//
//   - Letters come as a Poisson process. Mailings, and accidents (mailings that must
//     be held), begin as Poisson processes too, and send their copies one after another.
//   - The balancer gives a connection to the relay with the fewest. It learns by a
//     refused connection or by its checks that a relay is gone; what is refused is
//     given to the next.
//   - A relay is a queue in front of its cores, first come, first served. What a
//     message costs of a core is what was measured of the whole program. Reading and
//     SMTP are one piece of work, which nothing interrupts.
//   - PostgreSQL is a queue in front of its cores. The transactions of holds take
//     turns, over all relays: a second queue, of one server.
//   - S3 and the upstream take time, exponentially distributed, and no queue.
//   - What is written to the ledger of messages is gathered and written in batches;
//     no message waits for it. A relay that is killed loses what it had gathered.
//   - A client that hears 4xx or loses its connection tries again, later each time.
//   - What one relay knows of a mailing the others know a fixed time after it was
//     written: of a copy with its batch of the ledger, of a hold with its commit.
//
// What each number is, and whether it was measured or is assumed, is in [Costs],
// and goes into the report.
//
// What is checked at the end of every run, and is an error if it is not so:
//
//   - Every message was acknowledged once, and no later than that it was with the
//     upstream or in the store.
//   - Nothing was stored while the store was away.
//   - Little's law, to the nanosecond, for each queue: the integral of the number
//     in it over time is the sum of the times spent in it.
package simulation
