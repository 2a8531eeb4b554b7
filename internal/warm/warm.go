package warm

import (
	_ "github.com/danielgtaylor/huma/v2"
	_ "github.com/golang-jwt/jwt/v5"
	_ "github.com/goccy/go-yaml"
	_ "cel.dev/cel-go/cel"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/nats-io/nats-server/v2/server"
	_ "github.com/nats-io/nats.go/jetstream"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/spf13/cobra"
	_ "github.com/valyala/fastjson"
	_ "golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
	_ "github.com/chromedp/chromedp"
)
