package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/report/chart"
)

// picture is the file that a flag --plot names. The zero value draws nothing.
type picture struct {
	file   *outFile
	format string
}

// pictureFormats says how a file for a picture may be named.
func pictureFormats() string { return "its name ends in ." + strings.Join(chart.Formats(), " or .") }

// picture opens the file of a picture. No name means no picture. The error says that the flag was used wrongly.
func (o *outputs) picture(name string) (picture, error) {
	if name == "" {
		return picture{}, nil
	}
	format, err := chart.FormatOf(name)
	if err != nil {
		return picture{}, fmt.Errorf("--plot: %w", err)
	}
	file, err := o.open("--plot", name)
	if err != nil {
		return picture{}, err
	}
	return picture{file, format}, nil
}

// draw draws the picture. If there is nothing to draw because paint is nil, the file is as it was.
func (p picture) draw(paint func(to io.Writer, format string) error) error {
	if p.file == nil || paint == nil {
		return nil
	}
	if err := paint(p.file, p.format); err != nil {
		return unfinished{fmt.Errorf("write the picture to %s: %w", p.file.file.Name(), err)}
	}
	return nil
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
