package slack

import (
	"container/list"
	"context"
	"errors"
	"net/url"
	"sync"
	"time"
)

const (
	maxPeople = 10_000 // who are remembered

	// knownFor and unknownFor are how long it is believed who has an address, and that
	// nobody has: somebody new to the company may be in the LMS first.
	knownFor   = time.Hour
	unknownFor = 5 * time.Minute
)

// errNobody says that nobody in the workspace has an address.
var errNobody = errors.New("nobody in the workspace has this email address")

// people finds people by their email addresses, and remembers them.
type people struct {
	api *api

	mu    sync.Mutex               // guards what follows
	known map[string]*list.Element // by address
	order *list.List               // of *person, those that were asked for last in front
}

// person is somebody, or nobody when there is no user.
type person struct {
	email, user, channel string
	until                time.Time
}

func newPeople(a *api) *people {
	return &people{api: a, known: map[string]*list.Element{}, order: list.New()}
}

// user is the id of the person with an address.
func (p *people) user(ctx context.Context, email string) (string, error) {
	who, known := p.recall(email)
	if !known {
		said, err := p.api.form(ctx, "users.lookupByEmail", url.Values{"email": {email}})
		if err != nil && !unknownPerson(wordOf(err)) {
			return "", err
		}
		who = person{email: email, user: said.User.ID, until: time.Now().Add(knownFor)}
		if err != nil || said.User.Deleted || who.user == "" {
			who.user, who.until = "", time.Now().Add(unknownFor)
		}
		p.remember(who)
	}
	if who.user == "" {
		return "", errNobody
	}
	return who.user, nil
}

// channel is the conversation with the person with an address. It is opened if there
// is none yet.
func (p *people) channel(ctx context.Context, email string) (string, error) {
	user, err := p.user(ctx, email)
	if err != nil {
		return "", err
	}
	if who, known := p.recall(email); known && who.channel != "" {
		return who.channel, nil
	}
	said, err := p.api.form(ctx, "conversations.open", url.Values{"users": {user}})
	if unknownPerson(wordOf(err)) {
		p.remember(person{email: email, until: time.Now().Add(unknownFor)})
		return "", errNobody
	}
	if err != nil {
		return "", err
	}
	who := person{email: email, user: user, channel: said.channelID(), until: time.Now().Add(knownFor)}
	p.remember(who)
	return who.channel, nil
}

func (p *people) recall(email string) (person, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.known[email]
	if !ok {
		return person{}, false
	}
	who := e.Value.(person)
	if time.Now().After(who.until) {
		return person{}, false
	}
	p.order.MoveToFront(e)
	return who, true
}

func (p *people) remember(who person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.known[who.email]; ok {
		e.Value = who
		p.order.MoveToFront(e)
		return
	}
	p.known[who.email] = p.order.PushFront(who)
	if p.order.Len() > maxPeople {
		oldest := p.order.Remove(p.order.Back()).(person)
		delete(p.known, oldest.email)
	}
}

// forget lets a person be looked up again.
func (p *people) forget(email string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.known[email]; ok {
		p.order.Remove(e)
		delete(p.known, email)
	}
}
