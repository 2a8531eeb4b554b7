package offer

import (
	"github.com/headroomhq/headroom/internal/catalog"
)

// ShapeOf says what sort of thing an offer proposes: it follows from what it gives, but for a
// save, which is said.
func ShapeOf(o *catalog.Offer, cat *catalog.Catalog) catalog.Shape {
	if o.Save {
		return catalog.ShapeSave
	}
	return shapeOf(o.Give, cat)
}

func shapeOf(g catalog.Give, cat *catalog.Catalog) catalog.Shape {
	switch {
	case g.Trial:
		return catalog.ShapeTrial
	case g.Interval != "":
		return catalog.ShapeAnnual
	case g.Refer != "":
		return catalog.ShapeReferral
	case g.Talk != "":
		return catalog.ShapeTalk
	case g.Invite != "":
		return catalog.ShapeInvite
	case g.Addon == "":
		return catalog.ShapePlan
	}
	a := cat.Addons[g.Addon]
	switch {
	case a == nil:
		return catalog.ShapeAddon
	case a.Kind == catalog.OfSeat:
		return catalog.ShapeSeats
	case a.Kind == catalog.OfService || a.Kind == catalog.OfServiceTier:
		return catalog.ShapeService
	case a.Kind == catalog.OfTopUp || a.OneOff():
		return catalog.ShapeTopUp
	case a.Kind == catalog.OfPack:
		return catalog.ShapePack
	}
	return catalog.ShapeAddon
}

// Free says whether accepting costs nothing, so that there is no price to confirm: a trial, a
// referral, a talk, an invitation.
func Free(g catalog.Give) bool { return g.Trial || ForAnyone(g) }

// ForAnyone says whether a member may accept it as well as an admin: it changes nothing about
// what the account has or pays.
func ForAnyone(g catalog.Give) bool { return g.Refer != "" || g.Talk != "" || g.Invite != "" }
