package guard

import (
	"errors"

	"go.uber.org/zap"
)

// place is what every error that has a Where has.
func (w Where) place() Where { return w }

// Fields are those of a log line about this place. The logger itself names the cluster.
func (w Where) Fields(more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("endpoint", w.Endpoint), zap.String("key", w.Key), zap.Duration("elapsed", w.Elapsed),
	}, more...)
}

// FieldsOf are those of a log line about an error: of the place that the error names itself, or else of w.
func (w Where) FieldsOf(err error, more ...zap.Field) []zap.Field {
	var located interface{ place() Where }
	if errors.As(err, &located) {
		w = located.place()
	}
	return w.Fields(append(more, zap.Error(err))...)
}
