// kwok plays the kubelet of a simulated node: pods become Running and Ready,
// pods of Jobs complete, and no container ever runs.
package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
)

// kwokCommand reads --config (the stages) from os.Args before the command
// exists, because kwok takes its flags' defaults from there.
func kwokCommand() *cobra.Command {
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	global.ParseErrorsAllowlist.UnknownFlags = true
	global.Usage = func() {}
	ctx, _ := log.InitFlags(context.Background(), global)
	ctx, err := config.InitFlags(ctx, global)
	if err != nil {
		return &cobra.Command{Use: "kwok", RunE: func(_ *cobra.Command, _ []string) error { return err }}
	}
	command := cmd.NewCommand(ctx)
	// The API server's packages register a --version of another type for every command of the program.
	command.Version = ""
	command.PersistentFlags().AddFlagSet(global)
	command.SetContext(ctx)
	return command
}
