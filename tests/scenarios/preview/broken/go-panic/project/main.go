package main

import (
	"fmt"
	"log"
	"net/http"
)

var seen map[string]int

func page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/visits" {
		seen["all"]++
	}
	fmt.Fprint(w, "hello")
}

func main() {
	http.HandleFunc("/", page)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
