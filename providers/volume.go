package providers

import (
	"context"
	"time"
)

// Volumes are the file systems of one place of a stand-in.
type Volumes interface {
	// Look says what the file system of a folder is like, and which rules about it are in force.
	Look(ctx context.Context, folder string) (Volume, error)
	// Apply puts a rule in force, in place of an older one of the same name.
	Apply(ctx context.Context, r VolumeRule) error
	// Remove takes a rule away. It is not an error when there is none.
	Remove(ctx context.Context, name string) error
	// Files lists the files of a folder whose names end in suffix, by name. A folder that is not there has none.
	Files(ctx context.Context, folder, suffix string) ([]FileInfo, error)
	// Read returns the beginning of a file, at most limit bytes of it; fs.ErrNotExist where there is none.
	Read(ctx context.Context, name string, limit int) ([]byte, error)
	// Arm, Renew and Disarm keep the lease under which the rules called name are removed by themselves. Renew returns
	// ErrLeaseEnded when that has happened.
	Arm(ctx context.Context, name string, l Lease) error
	Renew(ctx context.Context, name string, l Lease) error
	Disarm(ctx context.Context, name string) error
}

// Volume is the file system of a folder. Sizes are bytes.
type Volume struct {
	Size  int64        `json:"size"`
	Free  int64        `json:"free"`
	Rules []VolumeRule `json:"rules,omitempty"`
}

// VolumeRule is what a fault does to the file system of a folder: it takes space, or has the folder look as where nothing
// is mounted.
type VolumeRule struct {
	Name   string `json:"name"`
	Host   string `json:"host"` // address
	Folder string `json:"folder"`
	Take   int64  `json:"take,omitempty"` // bytes
	Gone   bool   `json:"gone,omitempty"`
}

// FileInfo is a file as a listing shows it.
type FileInfo struct {
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}
