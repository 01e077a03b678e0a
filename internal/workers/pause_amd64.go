package workers

// pause waits a moment in a spinning loop.
func pause()
