package intake

// queue is what waits for a transaction, by owner: whose events are under way, the others of theirs wait until these are decided, so
// what is said of one owner stays in its order, and no transaction waits in Postgres for another of the same process. Whoever is
// first goes first.
type queue struct {
	owners map[string]*owner
	free   []*owner // with something to take, the longest waiting first
	ready  int      // events of these
}

// owner is somebody of whom events wait or are under way.
type owner struct {
	name    string
	waiting []ticket
	under   bool // the way
}

// add takes one event more.
func (q *queue) add(name string, t ticket) {
	o := q.owners[name]
	if o == nil {
		o = &owner{name: name}
		q.owners[name] = o
	}
	if o.waiting = append(o.waiting, t); o.under {
		return
	}
	if q.ready++; len(o.waiting) == 1 {
		q.free = append(q.free, o)
	}
}

// take takes so many at most. Their owners are under way until they are left.
func (q *queue) take(most int) (owners []*owner, all []ticket) {
	for len(q.free) > 0 && len(all) < most {
		o := q.free[0]
		n := min(len(o.waiting), most-len(all))
		all = append(all, o.waiting[:n]...)
		q.ready -= len(o.waiting)
		q.free[0] = nil
		q.free, o.waiting, o.under = q.free[1:], o.waiting[n:], true
		owners = append(owners, o)
	}
	return owners, all
}

// leave has the owners of a batch go again.
func (q *queue) leave(owners []*owner) {
	for _, o := range owners {
		if o.under = false; len(o.waiting) == 0 {
			delete(q.owners, o.name)
			continue
		}
		q.ready += len(o.waiting)
		q.free = append(q.free, o)
	}
}

// drop takes away all that waits of an owner under way.
func (q *queue) drop(name string) []ticket {
	o := q.owners[name]
	if o == nil {
		return nil
	}
	all := o.waiting
	o.waiting = nil
	return all
}
