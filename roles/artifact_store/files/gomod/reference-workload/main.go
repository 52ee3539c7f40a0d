// Command reference-workload stands in for a component of the trading system whose image belongs to the user.
//
// It answers every request with its component and version, serves /health/ready, /health/live and /metrics, drains on
// SIGTERM, and can be told to misbehave (see faults.go), so that rollouts and drills have something real to judge.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is stamped at build time; APP_VERSION wins, so that one image can play several versions.
var version = "dev"

type config struct {
	listen      string
	component   string
	version     string
	drain       time.Duration
	allowFaults bool
}

func parseConfig(args []string, getenv func(string) string) (config, error) {
	flags := flag.NewFlagSet("reference-workload", flag.ContinueOnError)
	var c config
	flags.StringVar(&c.listen, "listen", ":8080", "address to serve on")
	flags.StringVar(&c.component, "component", or(getenv("APP_COMPONENT"), "reference-workload"), "name in every answer")
	flags.StringVar(&c.version, "version", or(getenv("APP_VERSION"), version), "version in every answer")
	flags.DurationVar(&c.drain, "drain", 5*time.Second, "how long to go on serving, not ready, after SIGTERM")
	flags.BoolVar(&c.allowFaults, "allow-faults", getenv("APP_ALLOW_FAULTS") == "true", "serve PUT /faults")
	return c, flags.Parse(args)
}

func or(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

func main() {
	c, err := parseConfig(os.Args[1:], os.Getenv)
	if err != nil {
		os.Exit(2)
	}
	faults, err := parseFaults(os.Getenv("APP_FAULTS"))
	if err != nil {
		slog.Error("APP_FAULTS is not a JSON object of faults", "error", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, c, newService(c, faults)); err != nil {
		slog.Error("stopped", "error", err)
		os.Exit(1)
	}
}

// serve runs until ctx ends, then turns unready, keeps serving for the drain time, and lets open requests finish.
func serve(ctx context.Context, c config, s *service) error {
	server := &http.Server{Addr: c.listen, Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("serving", "component", c.component, "version", c.version, "address", c.listen)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	slog.Info("draining", "for", c.drain)
	time.Sleep(c.drain)
	deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
