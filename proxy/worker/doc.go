// Package worker runs parsers that are not ours in processes of their own. A
// Pool keeps a few processes of this same binary; each first gives up what it
// could harm with (memory, processor time, files, network, new processes) and
// then reads one archive after another. See Serve for that side.
//
// What is always true:
//   - A worker has two pipes and nothing else: it asks for the bytes it wants
//     of one archive and answers with the files in it. It never holds the
//     message, a path, a descriptor of a file or a socket, or the environment.
//   - A worker is not believed: every message has a bound and a place where it
//     may come; anything else ends the worker.
//   - A worker that dies, lies, is silent too long or whose context ends is
//     killed and replaced. Its job ends with an error, what came before stays
//     good, and no other job is touched.
//   - A job that begins within the output of another one runs in the same
//     process, so nesting needs no second worker and cannot wait for one.
//   - Nothing starts before the first job, and nothing is left after Close.
package worker
