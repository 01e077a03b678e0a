package trial

import "fmt"

// Batches says of how many examples a step is, for reports; 0 is all of them.
func Batches(n int) string {
	if n == 0 {
		return "one batch of all"
	}
	return fmt.Sprintf("batches of %d", n)
}
