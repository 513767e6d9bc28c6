package acm

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/edgestage/edgestage/state/model"
)

// ownerOf returns the run that works on a certificate among the live workers,
// by rendezvous: each node comes to the same one, and where a worker comes or
// goes, only its own certificates move. "" without workers.
func ownerOf(arn string, workers map[string]*model.CertificateWorker) string {
	best, run := uint64(0), ""
	for _, w := range workers {
		sum := sha256.Sum256([]byte(w.Run + "\x00" + arn))
		if score := binary.BigEndian.Uint64(sum[:]); run == "" || score > best || score == best && w.Run < run {
			best, run = score, w.Run
		}
	}
	return run
}
