// Package health tells which health checks are healthy, as Route 53 does
// (aws-behaviour section 4).
//
// Each node that checks probes every endpoint at the check's interval (package
// probe) and forms an opinion by the check's threshold. Opinions travel with
// every beat, two bits a check, changed or not, so that nothing costs more
// when much fails. Each node counts the opinions that it hears: a check is
// healthy when more than 18 % of the live checkers that have one say so; where
// nobody has, it stays what it was, and a check that nobody ever judged is
// healthy. Calculated checks, alarms, routing controls, an operator's word,
// Inverted and Disabled are pure functions of rows and of that.
//
// A [Health] has one goroutine that counts and one that writes down, beside
// those that probe. What it found is a [States], which never changes. No query
// ever waits for any of it.
package health
