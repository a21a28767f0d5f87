package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)


func page(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "hello")
}

func main() {
	http.HandleFunc("/", page)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
