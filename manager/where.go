package manager

import "go.uber.org/zap"

// place is what every located error has.
func (w Where) place() Where { return w }

// fields are a log line's, the same for every line of the package. The logger of a runtime names its cluster.
func (w Where) fields(more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("endpoint", w.Endpoint), zap.String("key", w.Key), zap.Duration("elapsed", w.Elapsed),
	}, more...)
}
