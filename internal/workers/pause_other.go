//go:build !amd64

package workers

// pause waits a moment in a spinning loop: on other machines no longer than a call.
//
//go:noinline
func pause() {}
