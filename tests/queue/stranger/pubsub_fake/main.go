// Google's own server of Pub/Sub in memory (pstest), which speaks gRPC, and before it the REST API that Google's annotations of
// the methods make of it (vanguard): what sluice asks is answered by code of Google's. GET /messages counts what became of each
// message. Prints both addresses, and ends when its standard input does.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"cloud.google.com/go/pubsub/v2/pstest"
	"connectrpc.com/vanguard"
	"connectrpc.com/vanguard/vanguardgrpc"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	pstest.SetMinAckDeadline(10 * time.Second) // as Google has it
	var server *grpc.Server
	fake := pstest.NewServerWithCallback(0, func(made *grpc.Server) { server = made })
	rest, err := vanguardgrpc.NewTranscoder(server, vanguard.WithCodec(func(types vanguard.TypeResolver) vanguard.Codec {
		return vanguard.JSONCodec{MarshalOptions: protojson.MarshalOptions{Resolver: types}} // as Google leaves out what is empty
	}))
	if err != nil {
		log.Fatal(err)
	}
	pages := http.NewServeMux()
	pages.Handle("/", rest)
	pages.HandleFunc("/messages", func(w http.ResponseWriter, _ *http.Request) {
		type message struct {
			ID, Topic        string
			Acks, Deliveries int
			Modacks          int
		}
		all := []message{}
		for _, one := range fake.Messages() {
			all = append(all, message{one.ID, one.Topic, one.Acks, one.Deliveries, len(one.Modacks)})
		}
		json.NewEncoder(w).Encode(all)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, pages)) }()
	fmt.Printf("%s http://%s\n", fake.Addr, listener.Addr())
	io.Copy(io.Discard, os.Stdin)
}
