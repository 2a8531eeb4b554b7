package clock

import (
	"fmt"
	"sync"
	"time"
)

// zones remembers the time zones that were asked for: reading one takes tens of
// microseconds, and there are about 600 names, so it stays small.
var zones sync.Map // name -> *time.Location

// Zone returns the time zone of a name of the IANA database, such as Europe/Berlin. The
// empty name and UTC give nil, which everything that takes a zone reads as UTC. The
// machine's own zone is refused, because the same log must give the same answer on another
// machine.
func Zone(name string) (*time.Location, error) {
	switch name {
	case "", "UTC", "Etc/UTC":
		return nil, nil
	case "Local":
		return nil, fmt.Errorf("time zone %q is another one on every machine: want a name such as Europe/Berlin", name)
	}
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known: want a name of the IANA database such as Europe/Berlin", name)
	}
	zones.Store(name, z)
	return z, nil
}
