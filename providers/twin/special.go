package twin

import (
	"bufio"
	"io"
	"net"
	"strings"
	"time"
)

// maxSpecial bounds what is read of one connection to the application's own channel, in bytes.
const maxSpecial = 64 << 10

// takeSpecial opens the application's own channel, as the sample does with a TCPSource in the role of a server: lines
// of text, each a special message for the toolkit. It is in the source's PE.
func (j *job) takeSpecial() {
	if j.spec.Special == "" || j.toolkit == nil {
		return
	}
	d := j.dc
	host, _, err := net.SplitHostPort(j.spec.Special)
	if err != nil {
		return
	}
	for i, h := range d.hosts {
		if !sameAddress(h.Address, host) {
			continue
		}
		l, err := d.twin.net.Listen(d.node(i), j.spec.Special)
		if err != nil {
			j.log(statePE, "ERROR", "TCPSource", "cannot listen on %s: %v", j.spec.Special, err)
			return
		}
		d.twin.run(func() {
			<-j.ctx.Done()
			_ = l.Close()
		})
		d.twin.run(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				d.twin.run(func() { j.special(c) })
			}
		})
		return
	}
}

// special reads the lines of one connection.
func (j *job) special(c net.Conn) {
	stop := make(chan struct{})
	d := j.dc
	d.twin.run(func() {
		select {
		case <-j.ctx.Done():
		case <-stop:
		}
		_ = c.Close()
	})
	defer close(stop)
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // a connection that cannot have one is closed with the job
	lines := bufio.NewScanner(io.LimitReader(c, maxSpecial))
	for lines.Scan() {
		if j.turn(j.ctx, sourcePE) != nil {
			return
		}
		j.toolkit.special(strings.TrimSpace(lines.Text()))
	}
}
