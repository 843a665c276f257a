package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/lab"
)

// beside are the commands of a document that go on beside those that follow: a lab, and the manager that joins it. They have ports of their own, since those
// of the document may be taken on the machine of the test.
type beside struct {
	programs []*goingOn
	port     int // that stands for the lab's; zero: none has been looked for
	view     int // that stands for viewPort
}

// viewPort is where the managers of the documents serve their view.
const viewPort = 8080

// The ports to look for those of a lab among, away from the tests of other packages and from what systems give to clients.
const (
	firstPort  = 26000
	endOfPorts = 30000
	portsOfLab = 21 // those of two clusters, and of the page
)

var ports = regexp.MustCompile(`(127\.0\.0\.1:|--port )(\d+)`)

// moved is a command line with the ports that stand for those of the document.
func (b *beside) moved(t *testing.T, line string) string {
	t.Helper()
	return ports.ReplaceAllStringFunc(line, func(match string) string {
		m := ports.FindStringSubmatch(match)
		port, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		switch {
		case port == viewPort:
			b.find(t)
			return m[1] + strconv.Itoa(b.view)
		case port >= lab.DefaultPort && port < lab.DefaultPort+portsOfLab:
			b.find(t)
			return m[1] + strconv.Itoa(port-lab.DefaultPort+b.port)
		}
		return match
	})
}

// find looks for ports, if that has not been done.
func (b *beside) find(t *testing.T) {
	t.Helper()
	if b.port > 0 {
		return
	}
	for first := firstPort; first < endOfPorts; first += portsOfLab + 1 {
		if free(first, portsOfLab+1) {
			b.port, b.view = first, first+portsOfLab
			return
		}
	}
	t.Fatalf("all ports from %d to %d are taken", firstPort, endOfPorts)
}

// free says whether n ports are free.
func free(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// environment tells the commands fault and heal where the lab is.
func (b *beside) environment() []string {
	if b.port == 0 {
		return nil
	}
	return []string{fmt.Sprintf("STORMWATCH_LAB=http://127.0.0.1:%d", b.port)}
}

// goingOn is a command that goes on.
type goingOn struct {
	command *exec.Cmd
	lab     bool
	output  printed
	ended   chan struct{}
}

// start starts a command and returns what it has printed once it is ready: a lab when its page answers, a manager when the lab says that it has joined. A lab
// takes the place of what ran before.
func (b *beside) start(t *testing.T, dir, program string, words []string) string {
	t.Helper()
	b.find(t)
	p := &goingOn{lab: words[0] == "lab", ended: make(chan struct{})}
	if p.lab {
		b.end(t)
		words = append(words, "--port", strconv.Itoa(b.port))
	}
	environment := os.Environ()
	if program != "" {
		self, err := os.Executable()
		require.NoError(t, err)
		words, environment = append([]string{self}, words...), append(environment, asCommand+"=yes")
	} else if _, err := exec.LookPath(words[0]); err != nil {
		t.Skipf("%s is not installed, so the rest of the document is not followed: %v", words[0], err)
	}
	p.command = exec.Command(words[0], words[1:]...)
	p.command.Dir, p.command.Env = dir, environment
	file, err := os.CreateTemp(t.TempDir(), "printed")
	require.NoError(t, err)
	p.output = printed{file}
	p.command.Stdout, p.command.Stderr = file, file
	require.NoError(t, p.command.Start())
	require.NoError(t, file.Close()) // the command has its own
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // what it ends with is looked at when it is ended
	}()
	b.programs = append(b.programs, p)
	if p.lab {
		p.await(t, "Ctrl-C ends the session", p.output)
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/state", b.port))
		require.NoError(t, err, p.output)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	} else {
		p.await(t, "The manager has joined.", b.programs[0].output)
	}
	return p.output.String()
}

// await waits until a text has been printed.
func (p *goingOn) await(t *testing.T, want string, in fmt.Stringer) {
	t.Helper()
	late := time.After(time.Minute)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !strings.Contains(in.String(), want) {
		select {
		case <-look.C:
		case <-p.ended:
			require.Contains(t, in.String(), want, "%v has ended: %s", p.command.Args, p.output)
			return
		case <-late:
			require.FailNow(t, "late", "%v: %q was not printed in a minute: %s", p.command.Args, want, p.output)
		}
	}
}

// end ends what goes on as Ctrl-C does, a lab before its manager. A lab must end by itself, with its verdicts if there was a manager. Which they are is for other
// tests: here nobody waits until a view is stale.
func (b *beside) end(t *testing.T) {
	t.Helper()
	for _, p := range b.programs {
		_ = p.command.Process.Signal(os.Interrupt) // the error says that it has ended
		select {
		case <-p.ended:
		case <-time.After(time.Minute):
			require.FailNow(t, "late", "%v did not end in a minute: %s", p.command.Args, p.output)
		}
		switch {
		case !p.lab:
		case len(b.programs) == 1:
			require.Zero(t, p.command.ProcessState.ExitCode(), p.output)
			require.Contains(t, p.output.String(), "Nobody was judged: ")
		default:
			require.NotEqual(t, 2, p.command.ProcessState.ExitCode(), p.output)
			require.Contains(t, p.output.String(), "\nfreshness ")
		}
	}
	b.programs = nil
}

// kill ends what goes on after a test that has failed.
func (b *beside) kill() {
	for _, p := range b.programs {
		_ = p.command.Process.Kill()
		<-p.ended
	}
	b.programs = nil
}

// printed is the file that a command prints to. It may be read while the command runs.
type printed struct{ *os.File }

func (p printed) String() string {
	text, err := os.ReadFile(p.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}
