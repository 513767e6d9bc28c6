package edgeguard

import (
	// The modules beside the app.
	_ "github.com/edgestage/edgestage/caddy-edgeguard/accesslog"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/dnsprovider"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/fronting"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/index"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/origin"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/permission"
	_ "github.com/edgestage/edgestage/caddy-edgeguard/storage"
)
