package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
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
	page    *os.File // nil: no page
	runs    *os.File // nil: no JSON
	junit   *os.File // nil: no JUnit XML
	cases   junit.Report
	kept    []report.Run
	telling int   // how many beyond the first were kept with what happened
	failed  error // the first error of writing runs
}

// open creates the files that the flags name. It is called once all arguments are checked, since it empties files that exist.
func (a *keepFlags) open() (*keeper, error) {
	k := &keeper{}
	files := []struct {
		flag, name string
		file       **os.File
	}{{"--record", a.runs, &k.runs}, {"--report", a.page, &k.page}, {"--junit", a.junit, &k.junit}}
	for i, one := range files {
		if one.name == "-" {
			return nil, fmt.Errorf("%s -: want the name of a file, since the standard output has the table", one.flag)
		}
		for _, other := range files[:i] {
			if one.name != "" && one.name == other.name {
				return nil, fmt.Errorf("%s and %s name the same file, %s", other.flag, one.flag, one.name)
			}
		}
	}
	for _, one := range files {
		if one.name == "" {
			continue
		}
		open := os.Create
		if a.more && one.file == &k.runs {
			open = openForMore
		}
		f, err := open(one.name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", one.flag, err), k.closeFiles())
		}
		*one.file = f
	}
	if k.page == nil && k.runs == nil && k.junit == nil {
		return nil, nil
	}
	return k, nil
}

// openForMore opens a file of runs, or makes it, so that what is written comes after the last whole line. What follows that line was being written when a
// command was killed; it is cut off.
func openForMore(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	end, err := wholeLines(f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// wholeLines is where the last whole line of a file ends.
func wholeLines(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	part := make([]byte, 1<<16)
	for end > 0 {
		from := max(0, end-int64(len(part)))
		if _, err := f.ReadAt(part[:end-from], from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part[:end-from], '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// needsRecords says whether anything is kept of what happened in a run.
func (k *keeper) needsRecords() bool { return k != nil && (k.page != nil || k.runs != nil) }

// keep keeps a run. schedule is the text of its schedule, empty for a scenario; inevitable may be nil. It must be called before the record is dropped.
func (k *keeper) keep(r *harness.Result, schedule string, inevitable *report.Inevitable) {
	if k == nil {
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

// close writes the page and the JUnit XML, and closes the files. It returns an error if something could not be written.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.failed
	if k.page != nil {
		err = errors.Join(err, page.Write(k.page, k.kept, page.Options{Most: withRecord}))
	}
	if k.junit != nil {
		err = errors.Join(err, k.cases.Write(k.junit))
	}
	if err = errors.Join(err, k.closeFiles()); err != nil {
		return unfinished{err}
	}
	return nil
}

func (k *keeper) closeFiles() error {
	var errs []error
	for _, f := range []*os.File{k.page, k.runs, k.junit} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// writePage writes the page of runs to a file, or to out if its name is -.
func writePage(name string, out io.Writer, runs []report.Run, o page.Options) error {
	if name == "-" {
		return page.Write(out, runs, o)
	}
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if err := errors.Join(page.Write(f, runs, o), f.Close()); err != nil {
		return unfinished{err}
	}
	return nil
}
