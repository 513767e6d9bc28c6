package edgenode

import (
	"errors"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"
)

// AppName is the name of the app whose settings are looked at.
const AppName = "edgeguard"

// App is the app `edgeguard`, decoded; perhaps not provisioned.
type App interface {
	// NodeSettings returns what the app says about the node.
	NodeSettings() Settings
}

// look is the one look under way: there what the app decodes ends up.
var look struct {
	mu sync.Mutex // held while one looks

	guard  sync.Mutex // of what follows
	active bool
	app    App
}

// ErrMissing says that the configuration has no app `edgeguard`, or that there
// is no configuration.
var ErrMissing = errors.New("the global option '" + AppName + "' is missing")

// errLooked is why an app that somebody looks at fails to be decoded: Caddy
// then forgets that it tried.
var errLooked = errors.New("looked at, not loaded")

// HandOver is called by the app at the end of its UnmarshalJSON, whose result
// it is: an error where somebody looks, who then has app.
func HandOver(app App) error {
	look.guard.Lock()
	defer look.guard.Unlock()
	if !look.active {
		return nil
	}
	look.app = app
	return errLooked
}

// Look returns the app of the configuration that ctx belongs to, without
// loading it: one that Caddy has loaded already, else one that is decoded and
// nothing more. Where there is no such app it says so in the error.
//
// It may be called in Provision, of storage modules too, which come before any
// app, and in commands that have no configuration.
func Look(ctx caddy.Context) (App, error) {
	look.mu.Lock()
	defer look.mu.Unlock()
	setLook(true, nil)
	loaded, err := ctx.AppIfConfigured(AppName)
	app := takeLook()
	switch {
	case app != nil:
		return app, nil
	case errors.Is(err, caddy.ErrNotConfigured):
		return nil, ErrMissing
	case err != nil:
		return nil, err
	}
	app, ok := loaded.(App)
	if !ok {
		return nil, fmt.Errorf("app %s has the type %T", AppName, loaded)
	}
	return app, nil
}

// Join returns the app as [Look] does, and a reference to its node.
func Join(ctx caddy.Context) (*Ref, App, error) {
	app, err := Look(ctx)
	if err != nil {
		return nil, nil, err
	}
	ref, err := Acquire(app.NodeSettings())
	return ref, app, err
}

func setLook(active bool, app App) {
	look.guard.Lock()
	defer look.guard.Unlock()
	look.active, look.app = active, app
}

// takeLook ends a look and returns what it found.
func takeLook() App {
	look.guard.Lock()
	defer look.guard.Unlock()
	app := look.app
	look.active, look.app = false, nil
	return app
}
