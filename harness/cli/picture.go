package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/report/chart"
)

// picture is the file that a flag --plot names. The zero value draws nothing.
type picture struct {
	file   *os.File
	format string
	// made says that there was no such file before.
	made bool
}

// pictureFormats says how a file for a picture may be named.
func pictureFormats() string { return "its name ends in ." + strings.Join(chart.Formats(), " or .") }

// openPicture opens the file of a picture, and leaves what is in it until there is something to draw. No name means no picture. The error says that the
// flag was used wrongly.
func openPicture(name string) (picture, error) {
	if name == "" {
		return picture{}, nil
	}
	format, err := chart.FormatOf(name)
	if err != nil {
		return picture{}, fmt.Errorf("--plot: %w", err)
	}
	_, missing := os.Stat(name)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return picture{}, fmt.Errorf("--plot: %w", err)
	}
	return picture{file, format, errors.Is(missing, os.ErrNotExist)}, nil
}

// draw draws the picture and closes its file. If there is nothing to draw because paint is nil, the file is as it was.
func (p picture) draw(paint func(to io.Writer, format string) error) error {
	if p.file == nil {
		return nil
	}
	if paint == nil {
		return p.discard()
	}
	if err := errors.Join(p.file.Truncate(0), paint(p.file, p.format), p.file.Close()); err != nil {
		return unfinished{fmt.Errorf("write the picture to %s: %w", p.file.Name(), err)}
	}
	return nil
}

// discard closes the file of a picture that is not drawn.
func (p picture) discard() error {
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	if p.made {
		err = errors.Join(err, os.Remove(p.file.Name()))
	}
	return err
}

// drawing returns what draws the measured series: nil if nothing was measured.
func (b *benchmark) drawing(list []*series) func(io.Writer, string) error {
	var all []*bench.Series
	for _, s := range list {
		if len(s.Summary().Took) > 0 {
			all = append(all, &s.Series)
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case all[0].Set != nil:
		return func(to io.Writer, format string) error { return chart.Sweep(to, format, all) }
	}
	return func(to io.Writer, format string) error { return chart.Recoveries(to, format, all) }
}
