package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/lab"
	"github.com/stormwatch/stormwatch/harness/record"
)

// labFlags are the flags of lab.
type labFlags struct {
	clusters                []string
	members, port           int
	listen, tokenFile       string
	manager, workload, view string
	promises                lab.Promises
	within                  within
	schedule                string
	seed                    uint64
	transcript              bool
	keep                    keepFlags
}

func newLab(c Catalogue) *cobra.Command {
	var a labFlags
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run clusters on fixed ports, to hurt and heal by hand with a manager in any language",
		Long: "Run clusters on fixed ports with production's timings and a workload that writes to them, until Ctrl-C. Hurt them by hand: with\n" +
			"fault and heal, through an HTTP API, or on a live page. A manager in any language joins by pointing it at the printed endpoints; one\n" +
			"that serves its view as JSON (--view) is judged by the same oracles as all others. What was done is saved as a schedule that replay runs.\n" +
			"Exit status: 0 if every verdict passed or nobody was to be judged, 1 if one failed, 2 if the command was used wrongly, 3 if the manager\n" +
			"could not be judged.",
		Example: "  lab --clusters alpha,beta --members 3\n  lab --clusters alpha --view http://127.0.0.1:8080/view --within 10s\n  fault 'HangDisk(alpha/leader)'\n  heal",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.run(cmd, c) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&a.clusters, "clusters", []string{"alpha", "beta"}, "the names of the clusters")
	f.IntVar(&a.members, "members", 3, "how many members each cluster has: 1, 3 or 5")
	f.StringVar(&a.workload, "workload", "", "what writes to the clusters, see list --workloads (default: the manager's usual one, or the first)")
	f.StringVar(&a.manager, "manager", "", "a manager of the list, see list --managers, to start with the session (default none)")
	f.StringVar(&a.view, "view", "", "the `URL` at which a manager in a process of its own serves its view as JSON, to be judged")
	a.within.add(f)
	f.DurationVar(&a.promises.Poll, "poll", 0, "how often the manager at --view reads, if it polls instead of watching")
	f.StringSliceVar(&a.promises.Kinds, "kinds", nil, "the kinds of facts that the manager at --view shows (default all of the workload)")
	f.IntVar(&a.port, "port", lab.DefaultPort, "the port of the API and the page; the members have the ports that follow, ten for each cluster")
	f.StringVar(&a.listen, "listen", "", "the `address` of the API and the page, if others than this machine are to reach them: a token is then required")
	f.StringVar(&a.tokenFile, "token-file", "", "a `file` with the token that callers must present (default: one is made and printed if --listen needs it)")
	f.StringVar(&a.schedule, "schedule", "", "the `file` to save what was done to (default lab-DATE-TIME.txt, if something was done)")
	f.Uint64Var(&a.seed, "seed", 1, "the seed of everything random")
	f.BoolVar(&a.transcript, "transcript", false, "print the timeline in the end")
	a.keep.add(f)
	cmd.MarkFlagsMutuallyExclusive("manager", "view")
	return cmd
}

// options checks the flags and makes the options of a session.
func (a *labFlags) options(c Catalogue) (lab.Options, error) {
	o := lab.Options{
		Port: a.port, Listen: a.listen, View: a.view, Promises: a.promises, Workloads: c.workloads(), Workload: a.workload, Seed: a.seed,
	}
	for _, name := range a.clusters {
		o.Clusters = append(o.Clusters, harness.Spec{Name: name, Members: a.members})
	}
	o.Promises.Within = a.within.limits
	if a.port < 1 {
		return o, fmt.Errorf("--port %d: want a port", a.port)
	}
	if a.manager != "" {
		m, err := c.candidate(a.manager)
		if err != nil {
			return o, err
		}
		m.Within = override(m.Within, a.within.limits)
		o.Candidate = m
	}
	if a.view != "" {
		if u, err := url.Parse(a.view); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return o, fmt.Errorf("--view %q: want a URL such as http://127.0.0.1:8080/view", a.view)
		}
	}
	var err error
	o.Token, err = a.token()
	return o, err
}

// token is the token that callers must present: that of the file, or a new one if others than this machine can reach the API.
func (a *labFlags) token() (string, error) {
	if a.tokenFile != "" {
		return readToken(a.tokenFile)
	}
	host, _, err := net.SplitHostPort(a.listen)
	if ip := net.ParseIP(host); a.listen == "" || err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return "", nil // whoever reaches it is on this machine; what is wrong with the address is said later
	}
	return rand.Text(), nil
}

// readToken reads a token from a file.
func readToken(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 || strings.ContainsAny(token, " \t\r\n;,\"\\") {
		return "", fmt.Errorf("--token-file %s: want one word of 16 characters at least", file)
	}
	return token, nil
}

// run runs the session and prints what comes of it.
func (a *labFlags) run(cmd *cobra.Command, c Catalogue) (err error) {
	o, err := a.options(c)
	if err != nil {
		return err
	}
	files := outputs{reads: []string{a.tokenFile}}
	defer files.end(&err)
	var done *outFile
	if a.schedule != "" { // a file that cannot be written is better known before the session than after it
		if done, err = files.open("--schedule", a.schedule); err != nil {
			return err
		}
	}
	keeper, err := a.keep.open(&files)
	if err != nil {
		return err
	}
	defer keeper.close(&err)
	out, says := cmd.OutOrStdout(), cmd.ErrOrStderr()
	o.Ready = func(r lab.Ready) { a.print(cmd, r, o.Token) }
	o.Joined = func() { fmt.Fprintln(says, "The manager has joined.") }
	fmt.Fprintln(says, "Starting the clusters …")
	session, err := lab.Run(cmd.Context(), o)
	switch {
	case err != nil && (session.Result == nil || session.Result.Usage):
		return err
	case err != nil:
		return unfinished{err}
	}
	if a.manager != "" {
		session.Done.Run.Manager, session.Done.Run.Seed = a.manager, a.seed
	}
	saved := a.save(cmd, done, session)
	keeper.keep(session.Result, session.Done.String(), nil)
	if a.transcript {
		fmt.Fprintln(out, session.Result.Record.Transcript(record.TranscriptOptions{}))
	}
	r := session.Result
	if r.Outcome == record.NotAsked {
		fmt.Fprintf(out, "Nobody was judged: %s.\n", r.Cause)
		return saved
	}
	printVerdicts(out, r)
	switch r.Outcome {
	case record.Failed:
		return errors.Join(errFailed, saved)
	case record.NotJudged:
		return errors.Join(errNotJudged, saved)
	}
	return saved
}

// print says where the session can be reached.
func (a *labFlags) print(cmd *cobra.Command, r lab.Ready, token string) {
	out, says := cmd.OutOrStdout(), cmd.ErrOrStderr()
	for _, e := range r.Endpoints {
		fmt.Fprintf(out, "%s %s\n", e.Cluster, strings.Join(e.URLs, ","))
	}
	page := r.URL
	if token != "" {
		page += "/?token=" + token
	}
	fmt.Fprintf(out, "page %s\n", page)
	if token != "" {
		fmt.Fprintf(says, "Callers of the API present the token: Authorization: Bearer %s\n", token)
	}
	if a.view != "" {
		fmt.Fprintf(says, "Waiting for the manager at %s to show a view of every cluster.\n", a.view)
	}
	fmt.Fprintln(says, "Ctrl-C ends the session with its verdicts.")
}

// save writes what was done to the file that --schedule names, and says how it is run again. If it names none, a new file is made if something was done.
func (a *labFlags) save(cmd *cobra.Command, to *outFile, session lab.Outcome) error {
	name, text := a.schedule, session.Done.String()
	var err error
	switch {
	case to != nil:
		_, err = io.WriteString(to, text)
	case len(session.Done.Steps) == 0:
		return nil
	default:
		name = time.Now().Format("lab-20060102-150405.txt")
		err = os.WriteFile(name, []byte(text), 0o600)
	}
	if err != nil {
		return unfinished{fmt.Errorf("save what was done: %w", err)}
	}
	again := ""
	if a.manager == "" {
		again = " --manager NAME"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "What was done is in %s; to run it again: %s replay %s%s\n", name, programName(), name, again)
	return nil
}

// printVerdicts prints every verdict of a session, those that failed last, and what came of it.
func printVerdicts(out io.Writer, r *harness.Result) {
	for _, v := range r.Verdicts {
		if v.Outcome != record.Failed {
			fmt.Fprintln(out, v)
		}
	}
	for _, v := range r.Failed() {
		fmt.Fprintf(out, "FAILED %s: %s\n", v.Oracle, v.Evidence)
	}
	fmt.Fprintf(out, "the manager %s: %s\n", r.Manager, outcomeText(r.Outcome))
	if r.Outcome == record.NotJudged {
		fmt.Fprintln(out, r.Cause)
	}
}
