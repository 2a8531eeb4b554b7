package event

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatNamesAPersonIsToldByItsName(t *testing.T) {
	personal := `email Email EMAIL userEmail user_email user.email primary_email email_address emailAddress work.email
		phone phone_number phoneNumber mobile_phone telephone fax address address.street address.city billing_address street
		name firstName first_name FIRST_NAME lastname surname full_name displayName user.name customer_name host.name speakerName invited_by_name
		username user_name login nickname avatar avatar_url birthday dateOfBirth date_of_birth dob gender
		ip ip_address ipAddress client.ip lat latitude zip postcode postal_code
		comment comments message feedback notes note bio about description query search password ssn
		user userId user_id userID anonymous_id`
	clear := `plan plan.name plan_name summit_name page.name company.name company_name team.name feature file_name hostname
		count speakers speaker_count title industry employees domain website country locale currency attendee_id account_id id event_id
		path page category campaign utm.source utm_campaign template email_template email_type emails_sent phone_model ship zipped clip script
		recipe description_length namespace rename tip version browser_version`
	for name := range strings.FieldsSeq(personal) {
		if !Personal(name, Value{String, "some words"}) {
			t.Errorf("%s stays clear", name)
		}
	}
	for name := range strings.FieldsSeq(clear) {
		if Personal(name, Value{String, "some words"}) {
			t.Errorf("%s is sealed", name)
		}
	}
}

func TestWhatNamesAPersonIsToldByItsValue(t *testing.T) {
	for _, c := range []struct {
		name string
		v    Value
		want bool
	}{
		{"an email address", Value{String, "ada@example.com"}, true},
		{"one inside a text", Value{String, "mail to <ada.b+x@mail.example.co.uk>, please"}, true},
		{"one in a link", Value{String, "https://a.example/?u=ada%40b.example"}, true},
		{"one at a machine", Value{String, "root@localhost"}, true},
		{"one in another script", Value{String, "анна@пример.рф"}, true},
		{"the second of two ats", Value{String, "5 @ 3, ada@b.example"}, true},
		{"a handle", Value{String, "@ada"}, false},
		{"a price", Value{String, "3 @ $5"}, false},
		{"a package and its version", Value{String, "react@18.2.0"}, false},
		{"a package in a scope", Value{String, "@scope/name"}, false},
		{"nothing but an at", Value{String, "@"}, false},
		{"a phone number", Value{String, "+49 (151) 234-5678"}, true},
		{"a difference", Value{String, "+12.5"}, false},
		{"a long sum", Value{String, "+1000000 users"}, false},
		{"a link with a query", Value{String, "https://a.example/x?token=1"}, true},
		{"a link with a login", Value{String, "https://ada:pw@a.example/"}, true},
		{"a plain link", Value{String, "https://a.example/pricing"}, false},
		{"256 characters", Value{String, strings.Repeat("é", 256)}, false},
		{"257 characters", Value{String, strings.Repeat("é", 257)}, true},
		{"a number", Value{Number, "4915112345678"}, false},
		{"true", Value{Bool, "true"}, false},
		{"null", Value{}, false},
	} {
		if got := Personal("thing", c.v); got != c.want {
			t.Errorf("%s (%q): %v, want %v", c.name, c.v.Text, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		v    Value
		want bool
	}{
		{"phone", Value{Number, "4915112345678"}, true},
		{"zip", Value{Number, "10115"}, true},
		{"email", Value{Number, "3"}, false},
		{"email_verified", Value{Bool, "true"}, false},
		{"email", Value{Bool, "true"}, false},
		{"user_id", Value{Number, "7"}, true},
		{"friends.ada@b.example", Value{Bool, "true"}, true},
	} {
		if got := Personal(c.name, c.v); got != c.want {
			t.Errorf("%s=%s: %v, want %v", c.name, c.v.Text, got, c.want)
		}
	}
}

var emailAddress = regexp.MustCompile(`[a-zA-Z0-9._%+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,}`)

// Whatever is sent through whichever door, what goes to disk has no email address, no
// user id and no text of the sender's under a personal name in it.
func TestNothingPersonalReachesTheLogInClear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "zq" + rapid.StringMatching(`[a-z]{8}`).Draw(t, "secret") + "qz"
		email := rapid.StringMatching(`[a-z0-9._+-]{0,8}[a-z0-9]@[a-z0-9]{1,8}(\.[a-z]{2,5}){1,2}`).Draw(t, "email")
		user := "zu" + rapid.StringMatching(`[a-z0-9@.]{6,12}`).Draw(t, "user")
		value := func(label string) (string, any) {
			switch rapid.IntRange(0, 5).Draw(t, label) {
			case 0:
				return rapid.SampledFrom([]string{"email", "firstName", "last_name", "phone", "comment", "address", "avatar", "user.name"}).Draw(t, "name"), secret
			case 1:
				return rapid.SampledFrom([]string{"ref", "title", "invited", "a.b"}).Draw(t, "name"), rapid.SampledFrom([]string{"", "to ", "<"}).Draw(t, "before") + email
			case 2:
				return rapid.SampledFrom([]string{"owner", "by", "user", "userId", "host"}).Draw(t, "name"), user
			case 3:
				return "text", secret + strings.Repeat("x", 300)
			case 4:
				return "list", []any{email, secret, user}
			}
			return "n", rapid.Float64().Draw(t, "n")
		}
		props := map[string]any{}
		for range rapid.IntRange(0, 6).Draw(t, "values") {
			name, v := value("kind")
			if rapid.Bool().Draw(t, "nest") {
				v, name = map[string]any{name: v}, "inner"
			}
			props[name] = v
		}
		call := rapid.SampledFrom([]string{"cloudevent", "track", "page", "identify"}).Draw(t, "door")
		var d *Decoded
		var err error
		if call == "cloudevent" {
			if rapid.Bool().Draw(t, "with user") {
				props["user"] = user
			} else if props["user"] != nil {
				delete(props, "user")
			}
			if props["user"] == nil { // then the user's id is just a text
				user = secret
				delete(props, "owner")
				delete(props, "host")
				delete(props, "by")
				delete(props, "inner")
			}
			d, err = DecodeCloudEvents(noHeader, []byte(ce(map[string]any{"data": props})), benchNow, Limits{})
		} else {
			body, _ := json.Marshal(map[string]any{"userId": user, "event": "x", "properties": props, "traits": props, "context": map[string]any{"groupId": "acme", "traits": props}})
			d, err = DecodeSegment(call, body, benchNow, Limits{})
		}
		if err != nil || len(d.Rejected) > 0 {
			t.Fatal(err, d)
		}
		for i := range d.Pending {
			r := d.Pending[i].Finish(func(string) string { return "pseudonym" })
			log := string(AppendRecord(nil, r))
			if strings.Contains(log, secret) || strings.Contains(log, user) || emailAddress.MatchString(log) {
				t.Fatalf("%s %v is in the log as %q", call, props, log)
			}
		}
	})
}

func TestRememberingANatureChangesNothing(t *testing.T) {
	var c nameCache
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"email", "user.name", "", "user_id"})).Draw(t, "name")
		if got, want := c.of(name), natureOf(name); got != want {
			t.Fatalf("%q: %d, want %d", name, got, want)
		}
	})
}
