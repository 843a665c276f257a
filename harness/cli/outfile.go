package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// outFile is a file that a flag names for what a command writes. What was in it before stays until the command writes the first byte: a command that fails
// before that, for example because it was used wrongly, must not cost the user what was kept there.
type outFile struct {
	// file is not embedded: its other methods that write would not remove what was there before.
	file *os.File
	flag string
	// made says that there was no such file before.
	made bool
	// regular says that it is no device and no pipe, of which there is nothing to keep.
	regular bool
	// from is where the command's output begins; what follows in the file is cut off before the first write.
	from int64
	// begun says that something was written.
	begun bool
}

var _ io.Writer = (*outFile)(nil)

// openOut opens the file that a flag names, for reading too. It makes it if there is none.
func openOut(flag, name string) (*outFile, error) {
	_, missing := os.Stat(name)
	// A terminal or a pipe may be open for writing only.
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if errors.Is(err, os.ErrPermission) {
		file, err = os.OpenFile(name, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	f := &outFile{file: file, flag: flag, made: errors.Is(missing, os.ErrNotExist)}
	if stat, err := file.Stat(); err == nil {
		f.regular = stat.Mode().IsRegular()
	}
	return f, nil
}

// appends lets the output begin after the last whole line. What follows that line was being written when a command was killed.
func (f *outFile) appends() (err error) {
	if f.regular {
		f.from, err = wholeLines(f.file)
	}
	return err
}

// Write writes to the file, in place of what was there before.
func (f *outFile) Write(b []byte) (int, error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	return f.file.Write(b)
}

// begin removes what the output takes the place of.
func (f *outFile) begin() error {
	if f.begun {
		return nil
	}
	f.begun = true
	if !f.regular {
		return nil
	}
	if err := f.file.Truncate(f.from); err != nil {
		return err
	}
	_, err := f.file.Seek(f.from, io.SeekStart)
	return err
}

// end closes the file. If nothing was written, the file is as it was before the command.
func (f *outFile) end() error {
	err := f.file.Close()
	if f.made && !f.begun {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	if err != nil {
		return unfinished{fmt.Errorf("write what %s names: %w", f.flag, err)}
	}
	return nil
}

// outputs are the files that one command writes to. Its zero value has none.
type outputs struct {
	files []*outFile
	// reads are the files that the command reads, and which it therefore must not write to.
	reads []string
}

// open opens the file that a flag names. The error says that the flag was used wrongly: the file cannot be opened, another flag names it too, or the
// command reads it.
func (o *outputs) open(flag, name string) (*outFile, error) {
	f, err := openOut(flag, name)
	if err != nil {
		return nil, err
	}
	if err := o.refuse(f); err != nil {
		return nil, errors.Join(err, f.end())
	}
	o.files = append(o.files, f)
	return f, nil
}

// refuse returns an error if a file serves something else already.
func (o *outputs) refuse(f *outFile) error {
	stat, err := f.file.Stat()
	if err != nil || !f.regular {
		return err
	}
	for _, other := range o.files {
		if same, err := other.file.Stat(); err == nil && os.SameFile(stat, same) {
			return fmt.Errorf("%s and %s name the same file, %s", other.flag, f.flag, f.file.Name())
		}
	}
	for _, name := range o.reads {
		if same, err := os.Stat(name); err == nil && os.SameFile(stat, same) {
			return fmt.Errorf("%s: %s is a file that the command reads", f.flag, f.file.Name())
		}
	}
	return nil
}

// end ends all files, see [outFile.end], and adds its errors to that of the command.
func (o *outputs) end(err *error) {
	for _, f := range o.files {
		*err = errors.Join(*err, f.end())
	}
}

// results opens what the flag --json of a command names: results is nil if it names nothing. out is where the table goes.
func (o *outputs) results(c *cobra.Command, name string) (results, out io.Writer, err error) {
	switch name {
	case "":
		return nil, c.OutOrStdout(), nil
	case "-":
		return c.OutOrStdout(), c.ErrOrStderr(), nil
	}
	f, err := o.open("--json", name)
	if err != nil {
		return nil, nil, err
	}
	return f, c.OutOrStdout(), nil
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
