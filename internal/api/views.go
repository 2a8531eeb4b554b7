package api

import (
	"cmp"
	"context"
	"time"

	"github.com/headroomhq/headroom/internal/clock"
	"github.com/headroomhq/headroom/internal/fault"
	"github.com/headroomhq/headroom/internal/store"
)

type viewsRequest struct {
	Page string `query:"page" maxLength:"100" doc:"only of this page of the console, such as accounts"`
}

// SavedView is a list of the console as somebody keeps it, by name.
type SavedView struct {
	Page      string     `json:"page" doc:"of the console"`
	Name      string     `json:"name" doc:"its name, once a page"`
	Query     string     `json:"query" doc:"the page's part of the address: filters and order"`
	Author    string     `json:"author,omitempty" doc:"who kept it last"`
	CreatedAt clock.Time `json:"created_at" doc:"when"`
}

type viewsAnswer struct {
	Body struct {
		Items []SavedView `json:"items" doc:"by page and name"`
	}
}

func (s *Server) listViews(ctx context.Context, in *viewsRequest) (*viewsAnswer, error) {
	views, err := s.Store.Views(ctx, in.Page)
	if err != nil {
		return nil, err
	}
	out := &viewsAnswer{}
	out.Body.Items = make([]SavedView, len(views))
	for i, v := range views {
		out.Body.Items[i] = SavedView(v)
	}
	return out, nil
}

type putViewRequest struct {
	Body struct {
		Page  string `json:"page" minLength:"1" maxLength:"100" doc:"of the console"`
		Name  string `json:"name" minLength:"1" maxLength:"100" doc:"one of the same page and name is replaced"`
		Query string `json:"query" maxLength:"2000" doc:"the page's part of the address: filters and order"`
	}
}

type viewAnswer struct{ Body SavedView }

func (s *Server) putView(ctx context.Context, in *putViewRequest) (*viewAnswer, error) {
	p := principal(ctx)
	v := store.View{Page: in.Body.Page, Name: in.Body.Name, Query: in.Body.Query, Author: cmp.Or(p.User, p.KeyID), CreatedAt: clock.At(time.Now())}
	if err := s.Store.PutView(ctx, v); err != nil {
		return nil, err
	}
	return &viewAnswer{SavedView(v)}, nil
}

type deleteViewRequest struct {
	Page string `query:"page" maxLength:"100" doc:"of the console"`
	Name string `query:"name" maxLength:"100" doc:"its name"`
}

func (s *Server) deleteView(ctx context.Context, in *deleteViewRequest) (*struct{}, error) {
	if in.Page == "" || in.Name == "" {
		return nil, fault.New(fault.Invalid, "view_unnamed", "page or name is missing").
			WithMend("say which view: DELETE /v1/views?page=accounts&name=…").WithField("query.name", in.Name, "is required, as page is")
	}
	return nil, s.Store.DeleteView(ctx, in.Page, in.Name)
}
