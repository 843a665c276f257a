package record

func (r *Record) Reached() []string { return nil }
