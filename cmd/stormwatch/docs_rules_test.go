package main

import (
	"regexp"
	"strings"
	"sync"
)

// rule changes a command of the documents, or a file that they show, into a shorter one for the test.
type rule struct {
	document string // the rule is for this one only; empty: for all
	match    *regexp.Regexp
	short    string // what replaces the match
	why      string
}

// shorter are the rules for what would take too long. All that match are applied, one after another.
var shorter = []rule{
	{"", regexp.MustCompile(`5s for 18m `), "5s for 20s ", "a hang of 20 s shows what one of 18 minutes does"},
	{"", regexp.MustCompile(`--for \S+`), "--seeds 1-1", "a soak of one seed"},
	{"", regexp.MustCompile(`--seeds 1-10+ --shard`), "--seeds 1-2 --shard", "a seed for each shard"},
	{"", regexp.MustCompile(`--seeds 1-10+( |$)`), "--seeds 1-1$1", "one seed"},
	{"", regexp.MustCompile(`^(soak|shrink|replay) `), "$1 --plain ", "no replay build, which compiles the Go runtime"},
	{"", regexp.MustCompile(`^soak `), "soak --explain=false ", "what fails is not shrunk"},
	{"", regexp.MustCompile(`^(shrink .*)$`), "$1 --tries 2 --brief", "two tries to shrink, by brief runs"},
	{"", regexp.MustCompile(`^run( --manager \S+| --engine \S+| --report \S+)?$`), "run hung-leader-disk$1", "one scenario stands for all"},
	{"", regexp.MustCompile(`^bench .*$`), "bench --runs 1 --case leader-killed --manager reference,naive", "one seed, one case and two managers"},
	{"docs/replay.md", regexp.MustCompile(`--engine all$`), "--engine virtual", "embedded would take the 17 s of the schedule, and more"},
	{"", regexp.MustCompile(`^go run \. run .*$`), "go vet .", "the program of the README is linked and run once"},
	{"docs/lab.md", regexp.MustCompile(`^python3 examples/`), "python3 " + clone + "/examples/", "the clone is where this test runs"},
	{"", regexp.MustCompile(`=\.\./stormwatch$`), "=" + clone, "the clone is where this test runs"},
}

// clone stands for the folder of this repository in a rule.
const clone = "CLONE"

// elsewhere are commands that this test does not run, and the test that stands for them, or the reason why there is none.
var elsewhere = []struct {
	match *regexp.Regexp
	test  string // which runs or checks what the command does; empty: none does
	why   string
}{
	{regexp.MustCompile(`^git clone `), "", "it fetches this repository"},
	{regexp.MustCompile(`^(docker|kubectl) `), "TestTheKubernetesJobCallsCommandsThatThereAreAndRunsEveryShard", "there is no registry and no cluster here"},
	{regexp.MustCompile(`^go -C examples run \./discovery/stormwatch run$`), "TestThePlainClientFailsWhereItsMemberFallsBehindWithoutAnError", "a module of its own"},
	{regexp.MustCompile(`^go -C examples run \./discovery/stormwatch run --manager`), "TestTheGuardedClientPassesTheCatalogue", "a module of its own"},
	{regexp.MustCompile(`^(go run \. overlay|CGO_ENABLED=0 go build|\.build/)`), "TestASeedReplaysInAModuleOfOnesOwn", "it compiles the Go runtime"},
	{regexp.MustCompile(`shrink incident.txt`), "TestShrinkWritesFilesThatReplayReads", "shrinking takes long, and another document shrinks"},
}

// applied are the rules that were applied. Documents are tested side by side.
var applied sync.Map

// shorten applies the rules to a command line without its program, or to a file, and returns what it is then, and why.
func shorten(document, text, root string) (short string, why []string) {
	for i, r := range shorter {
		if r.document != "" && r.document != document || !r.match.MatchString(text) {
			continue
		}
		text = r.match.ReplaceAllString(text, r.short)
		why = append(why, r.why)
		applied.Store(i, true)
	}
	return strings.ReplaceAll(text, clone, root), why
}
