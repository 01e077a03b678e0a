// Package disktest lends tests small disks and read-only ones. It needs Linux
// and the right to mount; elsewhere it skips the test and says so.
package disktest
