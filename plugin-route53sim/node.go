package route53sim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/edgestage/edgestage/plugin-route53sim/importer"
	"github.com/edgestage/edgestage/plugin-route53sim/locate"
)

// instance is one Corefile: what its route53sim blocks have in common. It is
// written while blocks are set up and when it starts; queries only come then.
type instance struct {
	settings settings
	file     string // where the settings stand
	line     int
	// locator places the clients, by files as they were when it started.
	locator *locate.Locator
	running atomic.Pointer[running] // since it started; read by queries and Ready
}

// join adds a block's settings. They stand in one block, or the same in each.
func (in *instance) join(s settings, file string, line int) error {
	if s.empty() {
		return nil
	}
	if in.file == "" {
		in.settings, in.file, in.line = s, file, line
		return nil
	}
	if names := in.settings.diff(s); len(names) > 0 {
		return positioned(file, line, fmt.Sprintf(
			"properties that belong to the process stand in one %s block, or the same in each: %s differ from %s:%d",
			pluginName, strings.Join(names, ", "), in.file, in.line))
	}
	return nil
}

// nodes are the open nodes of this process. A node outlives the Corefile it
// was opened for, as long as a later one takes it over.
var nodes = nodeTable{open: make(map[string]*running)}

// nodeTable shares open nodes among Corefile instances: one at a time takes
// and leaves, except while a reload has both the old and the new.
type nodeTable struct {
	mu   sync.Mutex
	open map[string]*running // by nodeKey
	// restarting is the instance that is being replaced by a reload.
	restarting *instance
}

// nodeKey names what only one node can have: its folder, else its address.
func nodeKey(s settings) string {
	switch {
	case s.node.Data != "":
		folder, err := filepath.Abs(s.node.Data)
		if err != nil {
			folder = s.node.Data
		}
		return "data " + folder
	case s.node.Gossip != nil:
		return "gossip " + s.node.Gossip.Bind
	}
	return ""
}

// start gives in its node: in a reload that of the instance before it, else a
// new one. The documents to load and the files that place clients are read
// before anything is changed, so that one with a fault keeps everything as it
// is. Only a node with a data folder is opened before: it tells which
// documents it knows.
func (t *nodeTable) start(in *instance) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	run, err := t.find(in)
	if err == nil && run == nil && exists(in.settings.node.Data) {
		run, err = t.openFor(in)
	}
	if err != nil {
		return err
	}
	if run, err = t.prepare(in, run); err != nil && run != nil {
		return errors.Join(err, t.closeUnheld(run))
	}
	return err
}

// exists tells whether there is such a folder.
func exists(folder string) bool {
	_, err := os.Stat(folder)
	return folder != "" && err == nil
}

// prepare reads what in wants to be read and makes in a holder of run, which it
// opens if that is nil, and returns.
func (t *nodeTable) prepare(in *instance, run *running) (*running, error) {
	loader := in.loader(run)
	if err := loader.Load(); err != nil {
		return run, fmt.Errorf("loading zones: %w", err)
	}
	locator, err := in.settings.locator()
	if err != nil {
		return run, fmt.Errorf("reading what places clients: %w", err)
	}
	if run == nil {
		run, err = t.openFor(in)
	} else {
		err = run.node.ReloadKeys()
	}
	if err != nil {
		return run, err
	}
	if err := run.serveAPI(in.settings.api); err != nil {
		return run, err
	}
	in.locator = locator
	run.locator.Store(locator)
	run.health.Check(in.settings.checks.probes())
	run.publishAddresses(in.settings.publish)
	in.running.Store(run)
	run.holders[in] = true
	run.load(in, loader)
	return run, nil
}

// find returns the open node that in may take over, nil where there is none.
func (t *nodeTable) find(in *instance) (*running, error) {
	if old := t.restarting; old != nil && old != in && old.running.Load() != nil {
		run := old.running.Load()
		if names := run.settings.node.Diff(in.settings.node); len(names) > 0 {
			return nil, fmt.Errorf("settings of the open node have changed: %s; restart to apply them", strings.Join(names, ", "))
		}
		return run, nil
	}
	key := nodeKey(in.settings)
	run := t.open[key]
	if run == nil || key == "" {
		return nil, nil
	}
	if names := run.settings.node.Diff(in.settings.node); len(names) > 0 {
		return nil, fmt.Errorf("%s is in use by this process with other settings: %s", key, strings.Join(names, ", "))
	}
	return run, nil
}

// openFor opens a node for in.
func (t *nodeTable) openFor(in *instance) (*running, error) {
	run, err := open(in.settings)
	if key := nodeKey(in.settings); err == nil && key != "" {
		t.open[key] = run
	}
	return run, err
}

// loader returns one for the documents of in. It knows those that run has
// seen, if that is not nil.
func (in *instance) loader(run *running) *importer.Loader {
	c := importer.Config{Sources: in.settings.sources, Log: loadLog{}}
	if run != nil {
		c.Seen = importer.SeenBy(run.node.Replica)
	}
	return importer.New(c)
}

// restart notes that a reload is about to replace in.
func (t *nodeTable) restart(in *instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restarting = in
}

// restartFailed makes in the only holder of its node: the instance that was to
// replace it is discarded without a word, whether it started or not.
func (t *nodeTable) restartFailed(in *instance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restarting = nil
	run := in.running.Load()
	if run == nil {
		return
	}
	run.holders = map[*instance]bool{in: true}
	run.locator.Store(in.locator)
	run.health.Check(in.settings.checks.probes())
	run.publishAddresses(in.settings.publish)
	if err := run.serveAPI(in.settings.api); err != nil {
		log.Errorf("Failed to go on serving the api: %v", err)
	}
	if run.loadsFor == in {
		return
	}
	run.load(in, in.loader(run))
}

// stop takes the node from in and closes it if nobody else holds it. Answers
// still come from its last view.
func (t *nodeTable) stop(in *instance) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.restarting == in {
		t.restarting = nil
	}
	run := in.running.Load()
	if run == nil || !run.holders[in] {
		return nil
	}
	delete(run.holders, in)
	return t.closeUnheld(run)
}

// closeUnheld closes a node that nobody holds.
func (t *nodeTable) closeUnheld(run *running) error {
	if len(run.holders) > 0 {
		return nil
	}
	for key, other := range t.open {
		if other == run {
			delete(t.open, key)
		}
	}
	return run.close()
}

// Ready implements the interface of plugin ready: the node has caught up with
// its cluster, the zones are compiled, the documents loaded once.
func (h *Route53Sim) Ready() bool {
	run := h.instance.running.Load()
	return run != nil && run.problem() == nil
}

var (
	errNotCompiled = errors.New("zones are not compiled yet")
	errNotLoaded   = errors.New("documents are not loaded yet")
)
