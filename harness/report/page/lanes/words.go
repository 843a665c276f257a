package lanes

import (
	"fmt"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

// Words says what the picture shows, lane by lane, for readers who do not see it.
func Words(run report.Run) []string {
	var list []string
	for _, cl := range sceneOf(run).clusters {
		for _, m := range cl.members {
			var parts []string
			for _, p := range m.roles {
				parts = append(parts, p.words+" "+during(p.span))
			}
			for _, h := range m.hurts {
				parts = append(parts, h.fault+" "+during(h.span))
			}
			list = append(list, fmt.Sprintf("%s/%s: %s.", cl.name, m.name, strings.Join(parts, "; ")))
		}
		for _, t := range cl.things {
			list = append(list, t.inWords(cl.name)...)
		}
		for _, m := range cl.managers {
			list = append(list, m.inWords(cl.name)...)
		}
	}
	return list
}

// inWords says who claimed a thing, which keys stood, and when it was claimed wrongly.
func (t thingLane) inWords(cluster string) []string {
	var parts []string
	for _, row := range t.rows {
		for _, c := range row.claims {
			parts = append(parts, "owned by "+row.manager+" "+during(c.span))
		}
		for _, k := range row.keys {
			parts = append(parts, "the key "+k.key+" stood "+during(k.span))
		}
	}
	for _, w := range t.wrong {
		parts = append(parts, "claimed "+w.words+" "+during(w.span))
	}
	return []string{fmt.Sprintf("%s, %s: %s.", cluster, t.name, strings.Join(parts, "; "))}
}

// inWords says what a manager did and showed in a cluster.
func (m managerLanes) inWords(cluster string) (list []string) {
	of := cluster
	if m.number > 0 {
		of += ", " + called(m.number)
	}
	if len(m.keys) > 0 {
		var parts []string
		for _, k := range m.keys {
			parts = append(parts, k.words+" "+during(k.span))
		}
		list = append(list, fmt.Sprintf("%s, own keys: %s.", of, strings.Join(parts, "; ")))
	}
	for _, w := range m.watches {
		var parts []string
		for _, s := range w.sits {
			part := "on " + s.member + " " + during(s.span)
			if s.why != "" {
				part += " (" + s.why + ")"
			}
			parts = append(parts, part)
		}
		list = append(list, fmt.Sprintf("%s, watch of %s: %s.", of, w.key, strings.Join(parts, "; ")))
	}
	switch {
	case len(m.over) > 0:
		var parts []string
		for _, o := range m.over {
			parts = append(parts, during(o))
		}
		list = append(list, fmt.Sprintf("%s: the view was staler than allowed %s.", of, strings.Join(parts, ", ")))
	case len(m.curve) > 0:
		list = append(list, fmt.Sprintf("%s: the view was never staler than allowed.", of))
	}
	return list
}
