package rig

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/leadflow-dev/leadflow/postgres/freeport"
)

// Heap is what a process keeps in memory by its own metrics, in bytes: Go's heap and stacks, the least of some looks, since
// garbage comes and goes.
func Heap(ctx context.Context, metrics string) (float64, error) {
	least := 0.0
	for range 20 {
		now, err := heapNow(ctx, metrics)
		if err != nil {
			return 0, err
		}
		if least == 0 || now < least {
			least = now
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return least, nil
}

func heapNow(ctx context.Context, metrics string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, metrics, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var sum float64
	found := 0
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), " ")
		if name != "go_memstats_heap_alloc_bytes" && name != "go_memstats_stack_inuse_bytes" {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		sum, found = sum+v, found+1
	}
	if found != 2 {
		return 0, fmt.Errorf("%s tells of no heap", metrics)
	}
	return sum, nil
}

// StartIdler starts this program (self) as a worker of bare workflows, and answers where its metrics are.
func (r *Rig) StartIdler(ctx context.Context, self string, env ...string) (*Program, string, error) {
	port, err := freeport.One()
	if err != nil {
		return nil, "", err
	}
	listen := fmt.Sprintf("127.0.0.1:%d", port)
	p, err := r.launch("idler", env, self, "idler", r.Temporal, listen)
	if err != nil {
		return nil, "", err
	}
	_, err = p.says(ctx, "ready")
	return p, "http://" + listen + "/metrics", err
}

// ServeHeap tells of this process's heap, as the product does, until the context ends.
func ServeHeap(ctx context.Context, listen string, ready *os.File) error {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	s := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if _, err := io.WriteString(ready, "ready\n"); err != nil {
		return err
	}
	return s.ListenAndServe()
}
