package route53

import (
	"strings"
	"sync"
	"time"

	"github.com/edgestage/edgestage/state"
	"github.com/edgestage/edgestage/state/api/awserr"
)

// changeInfo is how far a change has come.
type changeInfo struct {
	Id          string `xml:"Id"`
	Status      string `xml:"Status"`
	SubmittedAt string `xml:"SubmittedAt"`
	Comment     string `xml:"Comment,omitempty"`
}

// The states of a change.
const (
	pending = "PENDING"
	inSync  = "INSYNC"
)

// timestamp returns t as the API writes it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// commit makes what f writes durable and returns the change.
func (c *call) commit(comment string, f func(t *state.Tx) error) (changeInfo, error) {
	v, err := c.config.Replica.Commit(c.ctx, f)
	if err != nil {
		return changeInfo{}, err
	}
	c.comments.put(v, comment)
	return infoOf(v, pending, comment), nil
}

func infoOf(v state.Version, status, comment string) changeInfo {
	return changeInfo{Id: "/change/C" + v.ID(), Status: status, SubmittedAt: timestamp(v.Stamp.Time()), Comment: comment}
}

type getChangeResponse struct {
	ChangeInfo changeInfo `xml:"ChangeInfo"`
}

// getChange tells whether every member that serves has a change. Whatever a
// node of this cluster could have answered is a change; one that this node has
// not heard of yet is pending.
func getChange(c *call) (any, error) {
	id, ok := strings.CutPrefix(bare(c.params["Id"]), "C")
	v, err := state.ParseVersion(id)
	if !ok || err != nil || !c.plausible(v) {
		return nil, awserr.New(awserr.NoSuchChange, "A change with the specified change ID does not exist.")
	}
	synced, err := c.config.Replica.InSync(c.ctx, v)
	if err != nil {
		return nil, err
	}
	status := pending
	if synced {
		status = inSync
	}
	return getChangeResponse{infoOf(v, status, c.comments.get(v))}, nil
}

// soon is how long a change of another member may take to be heard of here.
const soon = time.Minute

// plausible tells whether v may be a commit: one of an origin that has come at
// least so far, or a young one of a live member.
func (c *call) plausible(v state.Version) bool {
	if last, ok := c.config.Replica.Context()[v.Origin]; ok && uint64(v.Stamp) <= last {
		return true
	}
	if age := c.config.Now().Sub(v.Stamp.Time()); age > soon || age < -soon {
		return false
	}
	for _, m := range c.config.Replica.Members() {
		if m.Run == v.Origin && !m.Self {
			return true
		}
	}
	return false
}

// maxComments bounds the comments that are remembered.
const maxComments = 4096

// comments are those of the last changes made through this node. They are not
// part of the state: another node shows the change without.
type comments struct {
	mu    sync.Mutex
	texts map[state.Version]string
	order []state.Version
}

func (s *comments) put(v state.Version, text string) {
	if text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts == nil {
		s.texts = make(map[state.Version]string)
	}
	if len(s.order) == maxComments {
		delete(s.texts, s.order[0])
		s.order = s.order[1:]
	}
	s.texts[v] = text
	s.order = append(s.order, v)
}

func (s *comments) get(v state.Version) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[v]
}
