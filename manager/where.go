package manager

import (
	"errors"

	"go.uber.org/zap"
)

// place is what every located error has.
func (w Where) place() Where { return w }

// fields are a log line's, the same for every line of the package. The logger of a runtime names its cluster.
func (w Where) fields(more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("endpoint", w.Endpoint), zap.String("key", w.Key), zap.Duration("elapsed", w.Elapsed),
	}, more...)
}

// fieldsOf are those of a log line about an error: of the place that it names itself, or else of the one given.
func (w Where) fieldsOf(err error, more ...zap.Field) []zap.Field {
	var located interface{ place() Where }
	if errors.As(err, &located) {
		w = located.place()
	}
	return w.fields(append(more, zap.Error(err))...)
}
