package eventlog

import (
	"encoding/binary"

	"github.com/nats-io/nats.go"
)

// askSubject is beside the stream: what is said there is not kept.
const askSubject = "headroom.ask"

// Ask tells all nodes on this log that somebody waits for checkpoints up to a position.
// It may get lost: whoever waits asks again.
func (l *Log) Ask(position uint64) error {
	return l.fault(l.conn.Publish(askSubject, binary.BigEndian.AppendUint64(nil, position)))
}

// Asked calls f, one call at a time, for every Ask of any node, until stop is called.
func (l *Log) Asked(f func(position uint64)) (stop func(), err error) {
	sub, err := l.conn.Subscribe(askSubject, func(m *nats.Msg) {
		if len(m.Data) == 8 {
			f(binary.BigEndian.Uint64(m.Data))
		}
	})
	if err != nil {
		return nil, l.fault(err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // the connection may be gone already, and the subscription with it
}
