package route53sim

import (
	"errors"
	"fmt"
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
// first, so that one with a fault keeps everything as it is.
func (t *nodeTable) start(in *instance) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	loader := importer.New(importer.Config{Sources: in.settings.sources, Log: loadLog{}})
	if err := loader.Load(); err != nil {
		return fmt.Errorf("loading zones: %w", err)
	}
	locator, err := in.settings.locator()
	if err != nil {
		return fmt.Errorf("reading what places clients: %w", err)
	}
	run, err := t.take(in)
	if err != nil {
		return err
	}
	if err := run.serveAPI(in.settings.api); err != nil {
		return errors.Join(err, t.closeUnheld(run))
	}
	in.locator = locator
	run.locator.Store(locator)
	run.health.Check(in.settings.checks.probes())
	run.publishAddresses(in.settings.publish)
	in.running.Store(run)
	run.holders[in] = true
	run.load(in, loader)
	return nil
}

// take returns the node for in, open.
func (t *nodeTable) take(in *instance) (*running, error) {
	if old := t.restarting; old != nil && old != in && old.running.Load() != nil {
		run := old.running.Load()
		if names := run.settings.node.Diff(in.settings.node); len(names) > 0 {
			return nil, fmt.Errorf("settings of the open node have changed: %s; restart to apply them", strings.Join(names, ", "))
		}
		if err := run.node.ReloadKeys(); err != nil {
			return nil, err
		}
		return run, nil
	}
	key := nodeKey(in.settings)
	if run := t.open[key]; run != nil && key != "" {
		if names := run.settings.node.Diff(in.settings.node); len(names) > 0 {
			return nil, fmt.Errorf("%s is in use by this process with other settings: %s", key, strings.Join(names, ", "))
		}
		return run, nil
	}
	run, err := open(in.settings)
	if err == nil && key != "" {
		t.open[key] = run
	}
	return run, err
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
	run.load(in, importer.New(importer.Config{Sources: in.settings.sources, Log: loadLog{}}))
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
