// kine answers the etcd protocol from a SQLite file, as in K3s. Its own main
// links five more databases and an object store, about 100 CPU-seconds of
// compilation; this one takes the SQLite driver and the server alone, with
// the defaults of kine's command line.
package main

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/sqlite"
	"github.com/k3s-io/kine/pkg/server"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
)

const (
	maxRequestBytes      = 2 << 20
	notifyInterval       = 5 * time.Second
	pollInterval         = time.Second
	emulatedEtcdVersion  = "3.6.11" // the first that kine announces with watch progress
	rowsPerPollOrCompact = 500
	revisionsKept        = 1000
)

func kineCommand() *cobra.Command {
	var database, socket string
	command := &cobra.Command{
		Use:   "kine --database FILE --socket PATH",
		Short: "serve the etcd protocol from a SQLite file on a unix socket",
		Args:  cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			return serveKine(database, socket)
		},
	}
	command.Flags().StringVar(&database, "database", "", "SQLite file, made when missing")
	command.Flags().StringVar(&socket, "socket", "", "unix socket to listen on, replaced when there")
	_ = command.MarkFlagRequired("database")
	_ = command.MarkFlagRequired("socket")
	return command
}

func serveKine(database, socket string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var running sync.WaitGroup
	_, backend, err := sqlite.New(ctx, &running, &drivers.Config{
		DataSourceName:   database + "?" + sqlite.DefaultParams,
		CompactTimeout:   5 * time.Second,
		CompactMinRetain: revisionsKept,
		CompactBatchSize: rowsPerPollOrCompact,
		PollBatchSize:    rowsPerPollOrCompact,
		PollInterval:     pollInterval,
	})
	if err != nil {
		return err
	}
	if err := backend.Start(ctx); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	etcd := grpc.NewServer(grpc.MaxRecvMsgSize(maxRequestBytes), grpc.MaxSendMsgSize(math.MaxInt32))
	server.New(backend, "unix", notifyInterval, emulatedEtcdVersion).Register(etcd)
	go func() {
		<-ctx.Done()
		etcd.Stop()
	}()
	err = etcd.Serve(listener)
	stop()
	running.Wait()
	return err
}
