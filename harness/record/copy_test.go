package record_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

func TestACopySharesNothingThatTheRecorderChanges(t *testing.T) {
	r := record.NewRecorder(bound.Production())
	fill := func(to *record.Record) reflect.Value {
		all := reflect.ValueOf(to).Elem()
		for i := range all.NumField() {
			if f := all.Field(i); f.Kind() == reflect.Slice {
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			}
		}
		return all
	}
	var live reflect.Value
	r.Look(func(rec *record.Record) { live = fill(rec) })
	copied := reflect.ValueOf(r.Copy()).Elem()
	for i := range live.NumField() {
		name := live.Type().Field(i).Name
		if live.Field(i).Kind() != reflect.Slice || name == "Others" {
			continue
		}
		require.Equal(t, 1, copied.Field(i).Len(), name)
		require.NotEqual(t, live.Field(i).Pointer(), copied.Field(i).Pointer(), name)
	}
}
