package models

// Group is the size of the groups of softmax units, of which one is 1; other units stand for
// themselves, which is 1.
func (u Units) Group() int {
	if u.kind == oneOf {
		return u.group
	}
	return 1
}
