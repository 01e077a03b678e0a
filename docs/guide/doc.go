// Package guide holds the tests of the guide's pages: every piece of Go on them is a declaration or the body of an example here.
package guide
