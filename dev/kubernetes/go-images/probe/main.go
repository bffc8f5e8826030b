// The two ends of one flow, by which a site finds out what its network lets
// through: "serve" accepts connections, "reach" makes some and says in one word
// how the last one went: an engine that learns of a pod only after its start
// lets the first ones through. It exits with 0 however it went, because the
// word is the result: reached, refused, unreachable or timed-out. The kubelet
// hands the word on from the termination log.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const terminationLog = "/dev/termination-log"

func main() {
	// As process 1 of its container it is ended by no signal that it does not take.
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ending
		os.Exit(0)
	}()
	command, args := "", []string{}
	if len(os.Args) > 1 {
		command, args = os.Args[1], os.Args[2:]
	}
	var err error
	switch command {
	case "serve":
		err = serve(args)
	case "reach":
		err = reach(args)
	default:
		err = fmt.Errorf("probe serve --port N | probe reach --address IP --port N [--tries N] [--timeout-ms N]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	port := flags.Int("port", 8080, "port to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *port))
	if err != nil {
		return err
	}
	fmt.Printf("serving on port %d\n", *port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		_ = conn.Close()
	}
}

func reach(args []string) error {
	flags := flag.NewFlagSet("reach", flag.ContinueOnError)
	address := flags.String("address", "", "IP address to connect to")
	port := flags.Int("port", 8080, "port to connect to")
	tries := flags.Int("tries", 1, "attempts, each of which takes as long as its bound; the last one counts")
	timeoutMs := flags.Int("timeout-ms", 1000, "bound of one attempt")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ip := net.ParseIP(*address)
	if ip == nil {
		return fmt.Errorf("--address %q is not an IP address", *address)
	}
	target := net.JoinHostPort(ip.String(), fmt.Sprint(*port))
	bound := time.Duration(*timeoutMs) * time.Millisecond
	turns := time.NewTicker(bound)
	defer turns.Stop()
	word := attempt(target, bound)
	for try := 1; try < *tries; try++ {
		<-turns.C
		word = attempt(target, bound)
	}
	fmt.Println(word)
	return os.WriteFile(terminationLog, []byte(word), 0o644)
}

func attempt(target string, bound time.Duration) string {
	conn, err := net.DialTimeout("tcp", target, bound)
	if err == nil {
		_ = conn.Close()
		return "reached"
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "refused"
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timed-out"
	}
	return "unreachable"
}
