// Package house holds the rules of the house as tests: which package may
// import which, what must be documented, how things are named and laid out.
// It has no code of its own, and reads the repository that it stands in.
package house
