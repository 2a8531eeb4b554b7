package api

// The words of a domain stand in a file of its own; together they are one document.
func init() { //nolint:gochecknoinits // maps that files of their own add to
	describeActivation()
	describeBacktest()
	describeContacts()
	describeMoments()
	describeFlows()
	describeOffers()
	describeRequests()
}
