package fault

import (
	"fmt"
	"strings"

	"github.com/stormwatch/stormwatch/harness/names"
)

// Parse reads the expressions that [Fault.String] prints, such as "HangDisk(alpha/leader)". The error says what is wrong with an expression
// and what is wanted.
func Parse(text string) (Fault, error) {
	text = strings.TrimSpace(text)
	name, rest, opened := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	k, err := find(strings.TrimSpace(name))
	if err != nil {
		return Fault{}, err
	}
	if !opened || !closed {
		return Fault{}, fmt.Errorf("fault %q: want %s", text, k.usage())
	}
	words := split(inner)
	if len(words) != len(k.takes) {
		return Fault{}, fmt.Errorf("fault %q has %s: want %s", text, counted(len(words)), k.usage())
	}
	f := Fault{kind: k}
	for i, p := range k.takes {
		if err := p.parse(words[i], &f.args); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w; want %s", text, err, p.what())
		}
	}
	return f, nil
}

// counted is a number of arguments.
func counted(arguments int) string {
	if arguments == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", arguments)
}

// split splits arguments at commas and removes the spaces around them.
func split(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	words := strings.Split(text, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return words
}

func find(name string) (*kind, error) {
	var all []string
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
		all = append(all, k.name)
	}
	return nil, names.Unknown("fault", name, all)
}

// usage is a kind's expression with descriptions in place of arguments.
func (k *kind) usage() string {
	words := make([]string, len(k.takes))
	for i, p := range k.takes {
		words[i] = p.what()
	}
	return k.name + "(" + strings.Join(words, ", ") + ")"
}

// Description describes a kind of fault: its name, how its expression is written, and what it does.
type Description struct {
	Name, Usage, About string
	// On says what it is on.
	On Where
	// Once says that it is over as soon as it has happened. TLS and Auth say what its cluster needs.
	Once, TLS, Auth bool
}

// All describes every kind of fault, in the order of their names.
func All() []Description {
	list := make([]Description, len(kinds()))
	for i, k := range kinds() {
		list[i] = Description{k.name, k.usage(), k.about, k.where(), k.once, k.tls, k.auth}
	}
	return list
}
