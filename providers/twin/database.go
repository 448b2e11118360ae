package twin

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// What the process of a data centre's database looks like on its host, the first.
const (
	databaseProgram = "db2sysc"
	databaseCommand = "/opt/ibm/db2/adm/db2sysc 0"
	databasePID     = 9000
)

// reconnectEvery is how often a toolkit that has lost its database tries again (toolkit 1.0.1).
const reconnectEvery = 5 * time.Second

var errNoDatabase = errors.New("the database is not connected: the row is dropped")

// database keeps snapshots as rows. It is a process of the first host, which can be killed and stopped; nobody starts it
// again but by the control endpoint. Assumption twin.database.
type database struct {
	began time.Time

	mu     sync.Mutex
	proc   *virtual
	born   time.Time         // of the process
	starts int               // how often it was started
	ever   bool              // it has been down
	rows   map[string][]byte // by table and id
}

func newDatabase() *database {
	db := &database{began: time.Now(), rows: map[string][]byte{}}
	db.start()
	return db
}

// start starts the process, unless it runs.
func (db *database) start() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.proc != nil {
		select {
		case <-db.proc.Done():
			db.ever = true
		default:
			return false
		}
	}
	db.proc = &virtual{pid: databasePID + db.starts%100, done: make(chan struct{})}
	db.starts++
	db.born = time.Now()
	return true
}

func (db *database) process() (*virtual, time.Time) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.proc, db.born
}

// connected passes when the database answers: it waits while its process is stopped. After it was down the toolkit
// connects again at the next of its own looks.
func (db *database) connected(ctx context.Context) error {
	db.mu.Lock()
	p, ever := db.proc, db.ever
	again := db.began.Add(roundUp(db.born.Sub(db.began), reconnectEvery))
	db.mu.Unlock()
	if err := p.Turn(ctx); err != nil {
		return errNoDatabase
	}
	if ever && time.Now().Before(again) {
		return errNoDatabase
	}
	return nil
}

// insert replaces a row.
func (db *database) insert(ctx context.Context, table, id string, body []byte) error {
	if err := db.connected(ctx); err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.rows[table+" "+id] = slices.Clone(body)
	return nil
}

// take reads a row and deletes it; ok is false where there is none, or no database.
func (db *database) take(ctx context.Context, table, id string) (body []byte, ok bool) {
	if db.connected(ctx) != nil {
		return nil, false
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	body, ok = db.rows[table+" "+id]
	delete(db.rows, table+" "+id)
	return body, ok
}

// ids lists the rows of a table.
func (db *database) ids(ctx context.Context, table string) []string {
	if db.connected(ctx) != nil {
		return nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	var out []string
	for _, k := range slices.Sorted(maps.Keys(db.rows)) {
		if within := len(table) + 1; len(k) > within && k[:within] == table+" " {
			out = append(out, k[within:])
		}
	}
	return out
}

// roundUp is the least multiple of step that is no less than d.
func roundUp(d, step time.Duration) time.Duration {
	if rest := d % step; rest > 0 {
		return d + step - rest
	}
	return d
}
