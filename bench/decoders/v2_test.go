//go:build goexperiment.jsonv2

package decoders

import jsonv2 "encoding/json/v2"

// encoding/json is another one with this experiment: measure it without.
func init() {
	decoders = append(decoders, decoder{"encoding-json-v2", typed(func(body []byte, into any) error { return jsonv2.Unmarshal(body, into) })})
}
