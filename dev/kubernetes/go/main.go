// One program with every part of a Kubernetes. The name it is
// called by (argv[0]; the cache holds one link per part) selects the part, so
// that the packages which the parts share are compiled and linked once.
// Built and started by dev/kubernetes; nothing of it is ever shipped.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// A part of Kubernetes. A server ends with the process that started it.
type part struct {
	command func() *cobra.Command
	server  bool
}

var parts = map[string]part{
	"certificates":            {command: certificatesCommand},
	"kine":                    {command: kineCommand, server: true},
	"kube-apiserver":          {command: apiserver.NewAPIServerCommand, server: true},
	"kube-controller-manager": {command: controllers.NewControllerManagerCommand, server: true},
	"kube-scheduler":          {command: schedulerCommand, server: true},
	"kubectl":                 {command: kubectl.NewDefaultKubectlCommand},
	"kubelet":                 {command: kubeletCommand, server: true},
	"kwok":                    {command: kwokCommand, server: true},
}

func main() {
	name := filepath.Base(os.Args[0])
	part, known := parts[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s is none of the parts of this program\n", name)
		os.Exit(2)
	}
	if part.server {
		endWithStarter()
	}
	os.Exit(cli.Run(part.command()))
}

func schedulerCommand() *cobra.Command {
	return scheduler.NewSchedulerCommand()
}

func kubeletCommand() *cobra.Command {
	return kubelet.NewKubeletCommand(context.Background())
}
