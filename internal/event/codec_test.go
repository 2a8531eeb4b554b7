package event

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/headroomhq/headroom/internal/clock"
	"pgregory.net/rapid"
)

func drawRecord(t *rapid.T) Record {
	text := rapid.String()
	r := Record{
		Kind: Kind(rapid.IntRange(1, len(kindNames)-1).Draw(t, "kind")), Source: text.Draw(t, "source"), ID: text.Draw(t, "id"),
		Key: text.Draw(t, "key"), User: text.Draw(t, "user"), Type: text.Draw(t, "type"),
		At: clock.Time(rapid.Int64().Draw(t, "at")), ReceivedAt: clock.Time(rapid.Int64().Draw(t, "received")),
	}
	for range rapid.IntRange(0, 4).Draw(t, "props") {
		r.Props = append(r.Props, Prop{text.Draw(t, "name"), drawValue(t)})
	}
	if b := rapid.SliceOf(rapid.Byte()).Draw(t, "body"); len(b) > 0 {
		r.Body = b
	}
	if b := rapid.SliceOf(rapid.Byte()).Draw(t, "sealed"); len(b) > 0 {
		r.Sealed = b
	}
	return r
}

func TestAMessageGivesBackEveryRecordInOrderByPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Message
		want := map[int][]Record{}
		for range rapid.IntRange(0, 8).Draw(t, "records") {
			p := rapid.SampledFrom([]int{0, 1, 300, AllPartitions}).Draw(t, "partition")
			r := drawRecord(t)
			m.Add(p, &r)
			want[p] = append(want[p], r)
		}
		encoded := m.Bytes()
		before := bytes.Clone(encoded)
		got := map[int][]Record{}
		var rs Records
		err := Sections(string(encoded), func(p int, section string) error {
			rs.Reset()
			err := rs.Decode(section)
			for _, r := range rs.List {
				r.Props = slices.Clone(r.Props) // whose memory the next section uses again
				got[p] = append(got[p], r)
			}
			return err
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
		if m.Size() > len(before) {
			t.Fatalf("Size %d is above the %d bytes of the message", m.Size(), len(before))
		}
	})
}

func TestACutRecordIsCorruptAtEveryLength(t *testing.T) {
	r := Record{Kind: KindEvent, Source: "s", ID: "1", Key: "acme", User: "u", Type: "t", At: 1, ReceivedAt: 2,
		Props: []Prop{{"a", Value{Number, "1"}}}, Body: []byte("{}"), Sealed: []byte{1}}
	whole := AppendRecord(nil, &r)
	for n := range whole {
		if _, _, err := DecodeRecord(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d of %d bytes: %v, want ErrCorrupt", n, len(whole), err)
		}
	}
	newer := bytes.Clone(whole)
	newer[0] = 200
	if _, _, err := DecodeRecord(newer); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a kind of a newer version: %v, want ErrCorrupt", err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(AppendRecord(nil, &Record{Kind: KindEvent, Key: "acme", Props: []Prop{{"a", Value{String, "b"}}}}))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, err := DecodeRecord(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%v is not ErrCorrupt", err)
			}
			return
		}
		again, _, err := DecodeRecord(AppendRecord(nil, &r))
		if err != nil || !reflect.DeepEqual(again, r) || len(rest) >= len(b) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzSections(f *testing.F) {
	var m Message
	m.Add(3, &Record{Kind: KindEvent, Key: "acme"})
	m.Add(AllPartitions, &Record{Kind: KindTick})
	f.Add(m.Bytes())
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		err := Sections(string(b), func(p int, records string) error {
			if p < 0 || p > AllPartitions {
				t.Fatalf("partition %d", p)
			}
			total += len(records)
			return nil
		})
		if total > len(b) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d bytes of %d, %v", total, len(b), err)
		}
	})
}

func TestPartitionsAndFingerprintsNeverChange(t *testing.T) {
	// These numbers are on the disks of installations.
	for key, want := range map[string]int{"acme": 12, "": 1, UserKey("abc"): 3} {
		if got := Partition(key, 16); got != want {
			t.Errorf("Partition(%q, 16) = %d, want %d", key, got, want)
		}
	}
	if got, want := fmt.Sprintf("%x", FingerprintOf("app", "1")), "f89c5a8d1e6ac7e7a9e70bfabfe9c90b"; got != want {
		t.Errorf("FingerprintOf(app, 1) = %s, want %s", got, want)
	}
	if FingerprintOf("a", "bc") == FingerprintOf("ab", "c") {
		t.Error("(a, bc) and (ab, c) are counted as one event")
	}
}

func TestKeysSpreadEvenlyOverPartitions(t *testing.T) {
	counts := make([]int, 16)
	for i := range 16_000 {
		counts[Partition(fmt.Sprintf("acct_%d", i), 16)]++
	}
	for p, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("partition %d has %d of 16,000 keys, want about 1,000", p, n)
		}
	}
}

func TestAUserKeyIsToldFromAnAccountKey(t *testing.T) {
	if p, ok := IsUserKey(UserKey("abc")); p != "abc" || !ok {
		t.Errorf("IsUserKey(UserKey(abc)) = %q, %v", p, ok)
	}
	for _, key := range []string{"", "acme", "user:abc", UserKey("")} {
		if _, ok := IsUserKey(key); ok {
			t.Errorf("%q is taken for a person's key", key)
		}
	}
}

func TestWhenIsTheTimeOfReceiptIfTheSenderDidNotSay(t *testing.T) {
	if got := (&Record{ReceivedAt: 7}).When(); got != 7 {
		t.Errorf("When = %d, want 7", got)
	}
	if got := (&Record{At: 5, ReceivedAt: 7}).When(); got != 5 {
		t.Errorf("When = %d, want 5", got)
	}
}

func TestNothingOfAMessageStaysInRecordsThatAreReset(t *testing.T) {
	var b []byte
	for range 50 {
		b = AppendRecord(b, &Record{Kind: KindEvent, Key: "acme", Type: "t", Props: []Prop{{"a", Value{String, "b"}}, {"c", Value{Number, "1"}}}})
	}
	var rs Records
	if err := rs.Decode(string(b)); err != nil {
		t.Fatal(err)
	}
	rs.Reset()
	for _, p := range rs.props[:cap(rs.props)] {
		if p != (Prop{}) {
			t.Fatalf("property %v keeps the whole message in memory", p)
		}
	}
}
