package guard

import (
	"errors"

	"go.uber.org/zap"
)

// place returns the Where of an error. Every error with a Where has this method.
func (w Where) place() Where { return w }

// Fields are the fields of a log line about this place. The cluster is not among them, since the logger adds it.
func (w Where) Fields(more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("endpoint", w.Endpoint), zap.String("key", w.Key), zap.Duration("elapsed", w.Elapsed),
	}, more...)
}

// FieldsOf are the fields of a log line about an error: of the error's own Where if it has one, else of w.
func (w Where) FieldsOf(err error, more ...zap.Field) []zap.Field {
	var located interface{ place() Where }
	if errors.As(err, &located) {
		w = located.place()
	}
	return w.Fields(append(more, zap.Error(err))...)
}
