package kit

import "github.com/absorb-bridge/absorb-bridge/bridge"

// Color is a level's colour as 0xRRGGBB, the same on every platform that has
// colours.
func Color(l bridge.Level) int {
	switch l {
	case bridge.LevelSuccess:
		return 0x2E9E6B
	case bridge.LevelWarning:
		return 0xE0A100
	case bridge.LevelDanger:
		return 0xD64545
	default:
		return 0x3B7DD8
	}
}
