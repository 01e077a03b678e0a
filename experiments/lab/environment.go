package lab

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"capas/internal/kernels"
)

// Environment says where a result was measured. Seconds is the wall-clock time
// of the process that completed the run; nothing else in it varies from run to
// run on one machine and build.
type Environment struct {
	Go       string  `json:"go"`
	Platform string  `json:"platform"`
	CPU      string  `json:"cpu"`
	Kernels  string  `json:"kernels"`
	Engine   string  `json:"engine,omitempty"` // where it was not Capas's kernels alone, see -backend
	Revision string  `json:"revision"`
	Seconds  float64 `json:"seconds"`
}

// readEnvironment describes this machine and build.
func readEnvironment() (Environment, error) {
	family, err := kernels.Family()
	if err != nil {
		return Environment{}, err
	}
	return Environment{
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPU:      CPU(),
		Kernels:  family,
		Revision: revision(),
	}, nil
}

// CPU is the model of this machine's processor, where the system tells it.
func CPU() string { return cpuModel("/proc/cpuinfo") }

// cpuModel is the "model name" that a Linux cpuinfo file gives, or the
// architecture and the number of logical CPUs where there is none.
func cpuModel(cpuinfo string) string {
	if f, err := os.Open(cpuinfo); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			key, value, _ := strings.Cut(lines.Text(), ":")
			if strings.TrimSpace(key) == "model name" && strings.TrimSpace(value) != "" {
				return strings.TrimSpace(value)
			}
		}
	}
	return fmt.Sprintf("%s, %d CPUs", runtime.GOARCH, runtime.NumCPU())
}

// revision is the commit the binary was built from, marked if the working tree
// had changes, or "unknown" (go run and -buildvcs=false do not record it).
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, modified := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " (modified)"
		}
	}
	if rev == "unknown" {
		return rev
	}
	return rev + modified
}

// CommandLine is the command that runs the experiment with args, less -json,
// -profile, -resume and -serve, quoted for a shell. A binary that go run made, in a directory
// that is gone by now, is named by that command.
func CommandLine(name string, args []string) string {
	words := []string{"go run ./experiments/" + name}
	if program := os.Args[0]; !strings.Contains(filepath.ToSlash(program), "/go-build") {
		words[0] = quote(program)
	}
	for i, arg := range args {
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && flag == "serve" || i > 0 && isServe(args[i-1]) {
			continue
		}
		if strings.HasPrefix(arg, "-") && (flag == "json" || flag == "profile" || flag == "resume" || flag == "") {
			continue
		}
		words = append(words, quote(arg))
	}
	return strings.Join(words, " ")
}

// isServe tells whether the argument after this one is the value of -serve.
func isServe(arg string) bool { return arg == "-serve" || arg == "--serve" }

// quote quotes a word for a POSIX shell where it needs it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_=./,:+@%", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
