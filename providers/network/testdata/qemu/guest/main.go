// Guest answers on ports ("serve 7 8") or measures how long answers take ("measure NETWORK ADDRESS TIMES").
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 2 && os.Args[1] == "serve":
		err = serve(os.Args[2:])
	case len(os.Args) == 5 && os.Args[1] == "measure":
		err = measure(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = fmt.Errorf("usage: guest serve PORT... | guest measure NETWORK ADDRESS TIMES")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve sends back what comes in.
func serve(ports []string) error {
	for _, p := range ports {
		l, err := net.Listen("tcp", ":"+p)
		if err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					_, _ = io.Copy(c, c)
				}()
			}
		}()
	}
	select {}
}

// measure prints a line for each answer: after how many microseconds it came.
func measure(network, address, times string) error {
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	c, err := net.DialTimeout(network, address, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, 1)
	for range n {
		start := time.Now()
		_ = c.SetDeadline(start.Add(10 * time.Second))
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		fmt.Println(time.Since(start).Microseconds())
	}
	return nil
}
