package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/xdc-project/xdc/providers/standin"
	"github.com/xdc-project/xdc/providers/twin/control"
)

// TwinSet has a service of a running twin do something wrong.
type TwinSet struct {
	Dir       string        `arg:"" name:"dir" help:"The folder that the twin serves."`
	Target    string        `name:"target" required:"" placeholder:"NAME" help:"The target whose service it is."`
	Service   string        `name:"service" required:"" enum:"management,data,toolkit" placeholder:"SERVICE" help:"management is the REST API, data the data service, toolkit the receivers of the toolkits."`
	Endpoint  string        `name:"endpoint" placeholder:"NAME" help:"Of the data service: only this endpoint, by its name, operator or stream, after what the service itself does wrong."`
	Job       string        `name:"job" placeholder:"PATH" help:"Only the endpoint of this job, as in job.orders."`
	Latency   time.Duration `name:"latency" placeholder:"DURATION" help:"Waited before each request is served."`
	Jitter    time.Duration `name:"jitter" placeholder:"DURATION" help:"How much the latency varies, up and down."`
	StallRate float64       `name:"stall-rate" placeholder:"PART" help:"Part of requests, of 1, that wait for as long as --stall in addition."`
	Stall     time.Duration `name:"stall" placeholder:"DURATION" help:"How long a stall is."`
	DropRate  float64       `name:"drop-rate" placeholder:"PART" help:"Part of requests whose connection is closed without an answer."`
	ErrorRate float64       `name:"error-rate" placeholder:"PART" help:"Part of the remaining requests that is refused."`
	Status    []int         `name:"status" placeholder:"CODE" help:"Status codes of refusals; 503 without any."`
	Skew      time.Duration `name:"skew" placeholder:"DURATION" help:"How far the service's clock is ahead; behind is negative. The toolkit says no time."`
}

// Help has examples.
func (TwinSet) Help() string {
	return "Replaces what was set before for the service; with none of the flags, the service does nothing wrong any more. Prints what is wrong at all services then.\n\nExamples:\n\n" +
		"    xdc twin set /tmp/twin --target dc1 --service data --latency 200ms --jitter 50ms\n" +
		"    xdc twin set /tmp/twin --target dc1 --service management --error-rate 0.1 --status 500,503 --drop-rate 0.05\n" +
		"    xdc twin set /tmp/twin --target dc1 --service management --skew=-90s\n" +
		"    xdc twin set /tmp/twin --target dc1 --service data --endpoint Orders --error-rate 0.2\n" +
		"    xdc twin set /tmp/twin --target dc1 --service data\n"
}

// Run sets it.
func (t *TwinSet) Run(c *Context) error {
	s, err := standin.Load(t.Dir)
	if err != nil {
		return err
	}
	if s.Runner != nil {
		return errors.New("trouble is set at twins: the network of a lab is real, and its control endpoint is inside")
	}
	token, err := os.ReadFile(s.Path(s.TokenFile))
	if err != nil {
		return fmt.Errorf("read the stand-in's token: %w", err)
	}
	ctx, cancel := context.WithTimeout(c.Context, 30*time.Second)
	defer cancel()
	var d net.Dialer
	twin := control.New(d.DialContext, s.Control, strings.TrimSpace(string(token)))
	defer twin.Close()
	err = twin.Trouble(ctx, control.Trouble{
		Target: t.Target, Service: t.Service, Endpoint: t.Endpoint, Job: t.Job, LatencyMS: t.Latency.Milliseconds(), JitterMS: t.Jitter.Milliseconds(), StallRate: t.StallRate, StallMS: t.Stall.Milliseconds(),
		DropRate: t.DropRate, ErrorRate: t.ErrorRate, Statuses: t.Status, SkewMS: t.Skew.Milliseconds(),
	})
	if err != nil {
		return err
	}
	list, err := twin.Troubles(ctx)
	if err != nil {
		return err
	}
	for _, q := range list {
		if _, err := fmt.Fprintf(c.Out, "%s %s: %s\n", q.Target, q.Where(), q); err != nil {
			return err
		}
	}
	return nil
}
