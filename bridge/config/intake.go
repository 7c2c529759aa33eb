package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/absorb-bridge/absorb-bridge/bridge/bounds"
)

// Intake limits the memory, time and connections of requests.
type Intake struct {
	Memory      int64 // for the bodies of all current requests, in bytes
	MaxBody     int64 // maximum size of a request's body, in bytes
	BodyTime    time.Duration
	Connections int // connections in all
	PerAddress  int // connections from one address
}

const (
	// roomForOne is the minimum ratio of Memory to MaxBody.
	roomForOne = 16

	leastBody = 1 << 10
)

func (b *builder) intake(r rawIntake) Intake {
	i := Intake{
		Memory: b.size("intake.memory", r.Memory), MaxBody: b.size("intake.max_body", r.MaxBody), BodyTime: b.duration("intake.body_time", r.BodyTime),
		Connections: r.Connections, PerAddress: r.PerAddress,
	}
	if i.MaxBody < leastBody {
		b.atValue("intake.max_body", "want at least 1KiB; a webhook has a few hundred bytes")
	}
	if least := max(roomForOne*i.MaxBody, 1<<20); i.Memory < least {
		b.atValue("intake.memory", "want at least %dKiB, which is %d times intake.max_body: decoding a body needs more memory than the body", (least+1023)>>10, roomForOne)
	}
	if most := i.Memory / 4 / bounds.SmallBody; i.Connections < 1 || int64(i.Connections) > most {
		b.atValue("intake.connections", "want a number from 1 to %d; for more, raise intake.memory", most)
	}
	if i.PerAddress < 1 || i.PerAddress > i.Connections {
		b.atValue("intake.per_address", "want a number from 1 to intake.connections, which is %d", i.Connections)
	}
	return i
}

// size reads "512KiB", "32MiB" and "1GiB", as bytes.
func (b *builder) size(key, text string) int64 {
	for unit, shift := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		number, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32); err == nil && n > 0 {
			return n << shift
		}
	}
	b.atValue(key, "want a size such as 256KiB, 32MiB or 1GiB, have %q", text)
	return 1 << 20
}
