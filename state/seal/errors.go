package seal

import "errors"

// Why a value could not be sealed or opened.
var (
	// ErrNoKey says that this node has no sealing key at all: no
	// seal_key_file is configured.
	ErrNoKey = errors.New("no sealing key is configured")
	// ErrUnknownKey says that a value is sealed with a key that this node's
	// file does not hold.
	ErrUnknownKey = errors.New("sealed with a key that the seal key file does not hold")
	// ErrTampered says that a value is not what was sealed, or stands in
	// another row than it was sealed for.
	ErrTampered = errors.New("sealed value is damaged, or belongs to another row")
	// ErrFormat says that bytes are no sealed value of a known version.
	ErrFormat = errors.New("not a sealed value")
	// ErrTooLarge says that a value is longer than [MaxBytes].
	ErrTooLarge = errors.New("value is too large to be sealed")
)
