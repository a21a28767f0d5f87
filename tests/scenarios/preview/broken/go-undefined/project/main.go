package main

import (
	"fmt"
	"log"
	"net/http"
)


func page(w http.ResponseWriter, r *http.Request) {
	fmt.Println(visitor)
	fmt.Fprint(w, "hello")
}

func main() {
	http.HandleFunc("/", page)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
