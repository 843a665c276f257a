package virtual

import (
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// readableEnd makes a logger say why before etcd ends the process, when a member's data cannot be read for example. A logger that says
// nothing would end it in silence.
func readableEnd(log *zap.Logger) *zap.Logger {
	last := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.PanicLevel)
	return log.WithOptions(
		zap.WrapCore(func(c zapcore.Core) zapcore.Core {
			if c.Enabled(zapcore.PanicLevel) {
				return c
			}
			return last
		}),
		zap.WithFatalHook(zapcore.WriteThenPanic),
	)
}
