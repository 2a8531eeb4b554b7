module github.com/headroomhq/headroom/sdk/go

go 1.26.0
