// Command etcd starts the etcd server of the pinned module; the server module itself ships no main package.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
