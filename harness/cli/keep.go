package cli

import (
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/pflag"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/junit"
	"github.com/stormwatch/stormwatch/harness/report/page"
)

// keepFlags are the flags that say where runs are kept: as a page to look at, as JSON from which a page can be made later, and as JUnit XML.
type keepFlags struct {
	page, runs, junit string
	// more says that the runs of the command come after those that are in the file of --record already.
	more bool
}

func (a *keepFlags) add(f *pflag.FlagSet) {
	f.StringVar(&a.page, "report", "", "a `file` to write a page to, which shows the runs in a browser; it needs no network")
	f.StringVar(&a.runs, "record", "", "a `file` to keep the runs in, with all that happened, one JSON object a line; report makes a page of it")
	f.StringVar(&a.junit, "junit", "", "a `file` to write the outcomes to as JUnit XML, for a CI system")
}

// withRecord is how many runs a page can show with what happened in them. Of the first runs, and beyond them of so many that failed or were not judged,
// everything is kept until the page is written; of all others only the outcome, which for a thousand runs is a few megabytes.
const withRecord = 200

// keeper keeps the runs of a command. A nil keeper keeps nothing. Its methods are safe for concurrent use.
type keeper struct {
	mu      sync.Mutex
	page    *outFile // nil: no page
	runs    *outFile // nil: no JSON
	junit   *outFile // nil: no JUnit XML
	cases   junit.Report
	count   int // how many runs were kept
	kept    []report.Run
	telling int   // how many beyond the first were kept with what happened
	failed  error // the first error of writing runs
}

// open opens the files that the flags name. The error says that the command was used wrongly.
func (a *keepFlags) open(o *outputs) (*keeper, error) {
	k := &keeper{}
	for _, one := range []struct {
		flag, name string
		file       **outFile
	}{{"--record", a.runs, &k.runs}, {"--report", a.page, &k.page}, {"--junit", a.junit, &k.junit}} {
		switch one.name {
		case "":
			continue
		case "-":
			return nil, fmt.Errorf("%s -: want the name of a file, since the standard output has the table", one.flag)
		}
		f, err := o.open(one.flag, one.name)
		if err != nil {
			return nil, err
		}
		*one.file = f
	}
	if a.more && k.runs != nil {
		if err := k.runs.appends(); err != nil {
			return nil, fmt.Errorf("--record: %w", err)
		}
	}
	if k.page == nil && k.runs == nil && k.junit == nil {
		return nil, nil
	}
	return k, nil
}

// needsRecords says whether anything is kept of what happened in a run.
func (k *keeper) needsRecords() bool { return k != nil && (k.page != nil || k.runs != nil) }

// keep keeps a run. schedule is the text of its schedule, empty for a scenario; inevitable may be nil. It must be called before the record is dropped. A run that was
// asked for wrongly says nothing, and is not kept.
func (k *keeper) keep(r *harness.Result, schedule string, inevitable *report.Inevitable) {
	if k == nil || r.Usage {
		return
	}
	if !k.needsRecords() {
		outcome := *r
		outcome.Record, r = nil, &outcome
	}
	run := report.NewRun(r, schedule)
	run.Inevitable = inevitable
	k.mu.Lock()
	defer k.mu.Unlock()
	k.count++
	if k.runs != nil && k.failed == nil {
		k.failed = report.Write(k.runs, run)
	}
	if k.junit != nil {
		k.cases.Add(run)
	}
	if k.page == nil {
		return
	}
	if len(k.kept) >= withRecord {
		if told := run.Outcome == record.Failed || run.Outcome == record.NotJudged; told && k.telling < withRecord {
			k.telling++
		} else {
			run.Record = nil
		}
	}
	k.kept = append(k.kept, run)
}

// close writes the page and the JUnit XML, and adds to the error of the command what could not be written. If the command failed before it had anything to
// keep, nothing is written.
func (k *keeper) close(err *error) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.count == 0 && *err != nil {
		return
	}
	writing := k.failed
	if k.page != nil {
		writing = errors.Join(writing, page.Write(k.page, k.kept, page.Options{Most: withRecord}))
	}
	if k.junit != nil {
		writing = errors.Join(writing, k.cases.Write(k.junit))
	}
	if writing != nil {
		*err = errors.Join(*err, unfinished{writing})
	}
}
