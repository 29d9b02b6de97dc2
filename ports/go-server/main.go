// An HTTP server with Go's own library, as one writes it for Linux: static, with system calls made
// by Go's runtime itself.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Longest body that is given, in bytes.
const limit = 32 << 20

func number(w http.ResponseWriter, r *http.Request) (int, bool) {
	word := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 || n > limit {
		http.Error(w, "no number, or too large", http.StatusBadRequest)
		return 0, false
	}
	return n, true
}

// bytes gives so many bytes of a pattern.
func bytes(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, r)
	if !ok {
		return
	}
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(i % 251)
	}
	w.Header().Set("Content-Length", strconv.Itoa(n))
	w.Write(body)
}

// echo gives the body back, once it is there whole.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, limit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

// sleep answers after so many milliseconds.
func sleep(w http.ResponseWriter, r *http.Request) {
	if n, ok := number(w, r); ok {
		time.Sleep(time.Duration(n) * time.Millisecond)
		fmt.Fprintln(w, "awake")
	}
}

// sum starts so many goroutines and adds what they send.
func sum(w http.ResponseWriter, r *http.Request) {
	n, ok := number(w, r)
	if !ok {
		return
	}
	results := make(chan int)
	for i := 1; i <= n; i++ {
		go func(i int) { results <- i }(i)
	}
	total := 0
	for i := 0; i < n; i++ {
		total += <-results
	}
	fmt.Fprintln(w, total)
}

// spin has loops that call nothing run while the runtime gives others their turn, and stops all
// goroutines: only signals (SIGURG) interrupt such loops. Without those the answer never comes.
func spin(w http.ResponseWriter, r *http.Request) {
	var group sync.WaitGroup
	var stop atomic.Bool
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for !stop.Load() {
			}
		}()
	}
	var stats runtime.MemStats
	for i := 0; i < 10; i++ {
		runtime.Gosched()
		runtime.ReadMemStats(&stats)
	}
	stop.Store(true)
	group.Wait()
	fmt.Fprintln(w, "spun")
}

// garbage allocates until the collector must have run.
func garbage(w http.ResponseWriter, r *http.Request) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	kept := make([][]byte, 100)
	for i := 0; i < 20000; i++ {
		kept[i%len(kept)] = make([]byte, 10000)
		kept[i%len(kept)][i%10000] = byte(i)
	}
	runtime.ReadMemStats(&after)
	fmt.Fprintln(w, after.NumGC > before.NumGC)
}

// fault dereferences nil: the runtime turns the signal into a panic, which is recovered.
func fault(w http.ResponseWriter, r *http.Request) {
	defer func() { fmt.Fprintln(w, recover()) }()
	var nothing *http.Request
	fmt.Fprintln(w, nothing.Method)
}

// file writes the body to a file and gives what it reads from it.
func file(w http.ResponseWriter, r *http.Request) {
	f, err := os.CreateTemp("", "go")
	if err == nil {
		defer os.Remove(f.Name())
		defer f.Close()
		if _, err = io.Copy(f, r.Body); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.Copy(w, f)
}

// fork is refused where there is one process.
func fork(w http.ResponseWriter, r *http.Request) {
	_, err := os.StartProcess("/proc/self/exe", nil, &os.ProcAttr{})
	fmt.Fprintln(w, err)
}

func main() {
	log.SetFlags(0)
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello from Go") })
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/bytes/", bytes)
	http.HandleFunc("/sleep/", sleep)
	http.HandleFunc("/sum/", sum)
	http.HandleFunc("/spin", spin)
	http.HandleFunc("/garbage", garbage)
	http.HandleFunc("/fault", fault)
	http.HandleFunc("/file", file)
	http.HandleFunc("/fork", fork)
	server := &http.Server{Addr: ":8080"}
	done := make(chan struct{})
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		server.Shutdown(context.Background())
		close(done)
	}()
	log.Printf("listening on %s", server.Addr)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-done
}
