// A researcher's workspace of the example: it answers with the files in the
// home folder, and notes every visit there.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

var home = os.Getenv("HOME")

func main() {
	// As process 1 of its container it is ended by no signal that it does not take.
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(show), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ending.Done()
		_ = server.Shutdown(context.Background())
	}()
	log.Printf("workspace %s on port 8080", os.Getenv("VERSION"))
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

func show(response http.ResponseWriter, _ *http.Request) {
	visit := []byte(time.Now().UTC().Format(time.RFC3339) + "\n")
	if err := os.WriteFile(filepath.Join(home, "last-visit.txt"), visit, 0o600); err != nil {
		http.Error(response, "the home folder cannot be written", http.StatusInternalServerError)
		log.Print(err)
		return
	}
	files, err := filepath.Glob(filepath.Join(home, "*"))
	if err != nil {
		log.Print(err)
	}
	fmt.Fprintf(response, "workspace %s, %d file(s) in %s\n", os.Getenv("VERSION"), len(files), home)
}
