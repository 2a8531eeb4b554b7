package main_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/headroomhq/headroom/internal/db/dbtest"
)

func TestNothingIsLostOrDoubledWhenPostgreSQLIsKilled(t *testing.T) {
	postgres := dbtest.NewCluster(t, filepath.Join(t.TempDir(), "postgres"))
	server := fault{"kill PostgreSQL", func(s *storm) {
		postgres.Kill()
		time.Sleep(s.between(0, time.Second))
		postgres.Start()
		s.nodes[0].heal(patience)
	}}
	backend := fault{"kill a process of PostgreSQL's", func(s *storm) {
		postgres.KillBackend(s.rng.IntN(1000))
		if s.rng.IntN(2) == 0 {
			time.Sleep(s.between(0, 200*time.Millisecond))
			postgres.KillBackend(s.rng.IntN(1000)) // while it recovers, perhaps
		}
		postgres.Heal()
		s.nodes[0].heal(patience)
	}}
	both := fault{"kill the server and PostgreSQL", func(s *storm) {
		s.nodes[0].kill()
		postgres.Kill()
		postgres.Start()
		s.nodes[0].start()
		s.nodes[0].heal(patience)
	}}
	torture(t, []*node{newNode(t, t.TempDir(), "--database", postgres.URL())}, server, backend, backend, both, killNode)
}
