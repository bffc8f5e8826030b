// What holds the namespaces of a pod: it does nothing until it is told to end.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ending := make(chan os.Signal, 1)
	// As process 1 of its container it is ended by no signal that it does not take.
	signal.Notify(ending, syscall.SIGTERM, syscall.SIGINT)
	<-ending
}
