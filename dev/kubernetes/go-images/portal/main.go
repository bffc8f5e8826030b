// The portal of the example: one page with the title, the greeting and the
// workspaces of this TRE, read from its settings at every request, so that a
// changed ConfigMap shows without a restart.
package main

import (
	"context"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const settings = "/etc/portal"

var page = template.Must(template.New("page").Parse(`<!doctype html>
<title>{{.Title}}</title>
<h1>{{.Title}}</h1>
<p>{{.Greeting}}</p>
<ul>{{range .Workspaces}}<li>{{.}}</li>{{end}}</ul>
<p>portal {{.Version}}</p>
`))

func main() {
	// As process 1 of its container it is ended by no signal that it does not take.
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(show), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ending.Done()
		_ = server.Shutdown(context.Background())
	}()
	log.Printf("portal %s on port 8080, log level %s", os.Getenv("VERSION"), os.Getenv("LOG_LEVEL"))
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}

func show(response http.ResponseWriter, _ *http.Request) {
	title := setting("title")
	facts := map[string]any{
		"Title":      title,
		"Greeting":   strings.ReplaceAll(setting("greeting"), "${title}", title),
		"Workspaces": strings.Split(setting("workspaces"), "\n"),
		"Version":    os.Getenv("VERSION"),
	}
	response.Header().Set("content-type", "text/html; charset=utf-8")
	if err := page.Execute(response, facts); err != nil {
		log.Print(err)
	}
}

func setting(name string) string {
	text, err := os.ReadFile(filepath.Join(settings, name))
	if err != nil {
		log.Print(err)
	}
	return strings.TrimSpace(string(text))
}
