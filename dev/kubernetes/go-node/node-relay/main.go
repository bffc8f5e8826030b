// The one way between the API server, which listens on loopback of the
// machine, and the node, which has a network namespace of its own without any
// link to the machine. Inside, the API server's address is answered and handed
// on; outside, a unix socket takes HTTP CONNECT from the API server (its egress
// selector) and dials inside: kubectl logs, exec and the proxy of pods. It ends
// when standard input does: then its starter is gone.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const dialTimeout = 10 * time.Second

type dialer func(address string) (net.Conn, error)

func main() {
	namespace := flag.String("namespace", "", "file of the network namespace, /proc/PID/ns/net")
	server := flag.String("server", "", "address to answer inside and to dial outside, host:port")
	socket := flag.String("socket", "", "unix socket for HTTP CONNECT, replaced when there")
	flag.Parse()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	if err := relay(*namespace, *server, *socket); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func relay(namespace, server, socket string) error {
	file, err := os.Open(namespace)
	if err != nil {
		return err
	}
	inner, err := within(file, func() (net.Listener, error) { return net.Listen("tcp", server) })
	if err != nil {
		return fmt.Errorf("cannot listen on %s inside: %w", server, err)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	outer, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	// Closing takes the socket's file away.
	defer outer.Close()
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ended := make(chan error, 2)
	go func() {
		ended <- serve(inner, func(conn net.Conn) { handOn(conn, server, dial) })
	}()
	go func() {
		ended <- serve(outer, func(conn net.Conn) {
			connect(conn, func(address string) (net.Conn, error) {
				return within(file, func() (net.Conn, error) { return dial(address) })
			})
		})
	}()
	select {
	case err := <-ended:
		return err
	case <-ending.Done():
		return nil
	}
}

// within runs do on a thread of its own that is in the namespace. The thread
// stays locked, so the runtime ends it with its goroutine and never reuses it.
func within[T any](namespace *os.File, do func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		runtime.LockOSThread()
		var a answer
		if a.err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); a.err == nil {
			a.value, a.err = do()
		}
		answers <- a
	}()
	a := <-answers
	return a.value, a.err
}

// dial takes addresses only: a name would be looked up on another thread.
func dial(address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		return nil, fmt.Errorf("%s is not an IP address", host)
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func serve(listener net.Listener, handle func(net.Conn)) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go handle(conn)
	}
}

// connect answers one HTTP CONNECT and then carries bytes.
func connect(conn net.Conn, dial dialer) {
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Method != http.MethodConnect {
		refuse(conn, http.StatusMethodNotAllowed, "only CONNECT is understood")
		return
	}
	target, err := dial(request.Host)
	if err != nil {
		refuse(conn, http.StatusBadGateway, err.Error())
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		closeBoth(conn, target)
		return
	}
	carry(conn, target, reader)
}

func refuse(conn net.Conn, status int, text string) {
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(text), text)
}

func handOn(conn net.Conn, address string, dial dialer) {
	target, err := dial(address)
	if err != nil {
		conn.Close()
		return
	}
	carry(conn, target, conn)
}

// carry copies both ways until both ends are done; from is what is left to
// read of conn.
func carry(conn, target net.Conn, from io.Reader) {
	defer closeBoth(conn, target)
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(target, from)
		closeWrite(target)
		close(done)
	}()
	_, _ = io.Copy(conn, target)
	closeWrite(conn)
	<-done
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func closeBoth(conn, target net.Conn) {
	conn.Close()
	target.Close()
}
