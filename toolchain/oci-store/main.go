// oci-store is the registry of go-containerregistry on a Unix socket, which only its owner can open.
//
// `crane registry serve` is the same registry on a TCP port, where every user of the machine reaches it and nobody is
// asked who they are. The course's front (helpers/servers/oci) asks, and is the only client of this socket.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// version is set by the linker.
var version = "dev"

func main() {
	socket := flag.String("socket", "", "path of the Unix socket; one that is there already is replaced")
	disk := flag.String("disk", "", "directory of the blobs")
	show := flag.Bool("version", false, "print the version and leave")
	flag.Parse()
	if *show {
		fmt.Println(version)
		return
	}
	if *socket == "" || *disk == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(*socket, *disk); err != nil {
		log.Fatalln(err)
	}
}

func serve(socket, disk string) error {
	// Before the socket is made: there is no moment at which another user may open it.
	syscall.Umask(0o077)
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(disk))),
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	log.Printf("serving on %s", socket)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
