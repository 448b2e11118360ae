package rest

import "testing"

// FuzzSurvey: whatever a list holds, what is said of it is bounded and can be shown.
func FuzzSurvey(f *testing.F) {
	for _, s := range []string{
		`{"jobs":[{"id":1,"status":"x","submitParameters":[{"parameterKind":"\u001b"},7,[]]},null],"a b":1}`, `{"jobs":{}}`, `[]`, ``, `{"jobs":[[{}]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newSurvey()
		s.list("job", "jobs", body)
		s.one("instance", body)
		got := s.done()
		if len(got.Unknown) > maxUnknown {
			t.Errorf("%d are unknown", len(got.Unknown))
		}
		for _, u := range got.Unknown {
			for _, text := range []string{u.Kind, u.Property, u.Word} {
				if len(text) > 10*maxSurveyed {
					t.Errorf("%d bytes are said", len(text))
				}
				for _, c := range []byte(text) {
					if c < ' ' || c > '~' {
						t.Errorf("%q cannot be shown", text)
					}
				}
			}
		}
	})
}

func TestTheReferenceIsRead(t *testing.T) {
	known := knownKinds()
	if len(known) < 50 || known["job"]["status"].words["canceling"] != true || known["pe"]["pendingTracingLevel"].words["trace"] != true || known["instance"]["activeVersion"].kind != "version" {
		t.Errorf("%d kinds are known; of a job %v", len(known), known["job"])
	}
	for kind, props := range known {
		for name, p := range props {
			if p.kind != "" && known[p.kind] == nil {
				t.Errorf("%s.%s holds %s, of which nothing is known", kind, name, p.kind)
			}
		}
	}
}
