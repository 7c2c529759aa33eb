package admin

// Service does what people and programs can see and do; the pages and the API share it.
type Service struct {
	Options
	overview cached[Overview]
	history  cached[[]Slice]
}

// NewService returns the service of these options.
func NewService(o Options) *Service { return &Service{Options: o} }
