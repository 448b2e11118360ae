package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xdc-project/xdc/providers"
)

// A record that does not fit is not sent, and neither is anything after it.
func TestARecordThatDoesNotFitEndsWhatIsSent(t *testing.T) {
	for _, batch := range []int{1, 10} {
		t.Run(fmt.Sprint("batches of ", batch), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp, s := spec("dc1"), newService()
				sp.Batch = batch
				if batch > 1 {
					s.answer = takes(95 * time.Millisecond) // so that there are several in a request
				}
				l := NewLedger(sp, t.TempDir())
				defer l.Close()
				ctx, giveUp := context.WithCancelCause(t.Context())
				defer giveUp(nil)
				wrong := errors.New("it does not fit")
				_, err := Run(ctx, Options{
					Spec: sp, Step: "seed.data_exchange.s", RunSeed: 7, Start: time.Now(), Ledger: l,
					Inlet: func(context.Context, string) (providers.Inlet, error) { return s, nil },
					Check: func(target string, number int64, record json.RawMessage) error {
						if target != "dc1" || !json.Valid(record) || number > 57 {
							t.Errorf("record %d of %s: %s", number, target, record)
						}
						if number < 57 {
							return nil
						}
						giveUp(wrong)
						return wrong
					},
				})
				if err == nil || !errors.Is(context.Cause(ctx), wrong) {
					t.Errorf("it ends with %v, %v", err, context.Cause(ctx))
				}
				if n := len(s.got); n > 57 || n <= 57-batch {
					t.Errorf("%d records were sent", n)
				}
			})
		})
	}
}
