// A server must not outlive the process that started it, however that one
// ends. The starter holds the other end of standard input and never writes:
// end of file means that it is gone, also after SIGKILL and on every system.
package main

import (
	"io"
	"os"
)

// endWithStarter ends this process at once when standard input ends. Nothing
// is lost: what the API server acknowledged is committed in SQLite.
func endWithStarter() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}
