// Package rules tells what a message would expose, and what to do about it.
//
// It is a pure library with two calls. Inspector.Inspect turns a message into
// Evidence: the people found in it, the tables they were found in, and what
// could not be read. It is costly, and the same for every copy of a message.
// Policies.Decide turns evidence, an envelope and what is known of recent
// messages into a Verdict. It is cheap and done anew for each copy.
//
// What is always true:
//   - The same message, limits, policies, envelope and Recent give the same
//     evidence and verdict, in the same order.
//   - Nothing here reads a file, a clock, a network or a random number; time
//     and temporary space come in through Limits and the context.
//   - Content that could not be read is a value in the evidence, never an
//     empty finding. A panic in a format is Unread; a panic elsewhere is an
//     error from Inspect, never a clean result.
//   - No value from a message appears in an error, and in evidence only masked.
package rules
