// The setup Job of the example: it says what it would prepare, and is done.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	fmt.Printf("setup %s: %s\n", os.Getenv("VERSION"), strings.Join(os.Args[1:], " "))
}
