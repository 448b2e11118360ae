package all_test

import (
	"encoding/json"
	"testing"

	"github.com/xdc-project/xdc/providers"
	"github.com/xdc-project/xdc/providers/all"
	"github.com/xdc-project/xdc/providers/providertest"
)

// At a twin, an application configuration is created, changed and deleted, each is seen to be so, and each is put back by a fresh process.
func TestApplicationConfigurationsAreChangedAndPutBack(t *testing.T) {
	typ, _, ok := all.Registry().Action("streams_application_configuration")
	if !ok {
		t.Fatal("there is no such action")
	}
	inTwin(t, "wait \"x\" {\nuntil = \"dc1.instance.health is healthy\"\ntimeout = \"9s\"\n}\n", func(t *testing.T, w *providertest.World) {
		deed := typ.Deed(w.Env)
		begin := func(args string) providers.Handle {
			t.Helper()
			h, err := deed.Prepare(t.Context(), w.ID, json.RawMessage(args))
			if err == nil {
				err = deed.Inject(t.Context(), h)
			}
			if err == nil {
				err = deed.Inject(t.Context(), h) // twice is once
			}
			if err != nil {
				t.Fatal(err)
			}
			if e, err := deed.Verify(t.Context(), h); err != nil || !e.InForce {
				t.Errorf("%s: %+v, %v", args, e, err)
			}
			if e, err := deed.VerifyHealed(t.Context(), h); err != nil || !e.InForce {
				t.Errorf("%s: it is as it was: %+v, %v", args, e, err)
			}
			return h
		}
		end := func(h providers.Handle) {
			t.Helper()
			d := typ.Deed(w.Fresh())
			for range 2 {
				if err := d.Heal(t.Context(), h); err != nil {
					t.Fatal(err)
				}
			}
			if e, err := d.VerifyHealed(t.Context(), h); err != nil || e.InForce {
				t.Errorf("it is not as it was: %+v, %v", e, err)
			}
		}
		created := begin(`{"target":"dc1","name":"drill","description":"d","properties":{"a":"1","b":"2"}}`)
		changed := begin(`{"target":"dc1","name":"drill","properties":{"a":"3","c":"4"},"remove":["b"]}`)
		deleted := begin(`{"target":"dc1","name":"drill","delete":true}`)
		end(deleted)
		if e, err := deed.Verify(t.Context(), changed); err != nil || !e.InForce {
			t.Errorf("what was deleted did not come back as it was: %+v, %v", e, err)
		}
		end(changed)
		if e, err := deed.Verify(t.Context(), created); err != nil || !e.InForce {
			t.Errorf("what was changed did not come back as it was: %+v, %v", e, err)
		}
		end(created)
	})
}
